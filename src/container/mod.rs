//! container (in construction).
