//! Reversible transforms applied to a group before its codec.
//!
//! Normative text: spec/codec.md §3.

pub mod x86;
