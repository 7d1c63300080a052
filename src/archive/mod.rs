//! archive (in construction).
