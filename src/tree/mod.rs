//! tree (in construction).
