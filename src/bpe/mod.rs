//! bpe (in construction).
