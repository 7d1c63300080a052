//! cli (in construction).
