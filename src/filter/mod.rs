//! filter (in construction).
