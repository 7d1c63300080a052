//! Digests of the format (in construction).
