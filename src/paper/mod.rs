//! paper (in construction).
