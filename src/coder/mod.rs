//! coder (in construction).
