//! model (in construction).
