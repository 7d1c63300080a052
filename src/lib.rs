//! `pear-archive`: an archiver for data that is kept.
//!
//! The crate is built in floors; a floor imports only what lies below it, and
//! siblings do not import each other (`tests/floors.rs` checks it):
//!
//! | floor | modules | what they know |
//! |---|---|---|
//! | 0 | [`bytes`], [`checksum`], [`entry`], [`error`] | values |
//! | 1 | [`arith`] | deterministic numerics, instruction sets; the only unsafe code |
//! | 2 | [`coder`], [`bpe`], [`filter`], [`model`], [`paper`] | range coder; byte pairs; transforms; the PEAR predictor; the published network |
//! | 3 | [`codec`], [`container`], [`tree`] | group ⇄ payload; sections and index; directory trees |
//! | 4 | [`archive`] | create, extract, list, verify |
//! | 5 | `cli` and the binary | arguments, output, exit codes |
//!
//! The formats are normative in `spec/`; names there are names here.

pub mod archive;
#[allow(unsafe_code)]
pub mod arith;
pub mod bpe;
pub mod bytes;
pub mod checksum;
#[cfg(feature = "cli")]
pub mod cli;
pub mod codec;
pub mod coder;
pub mod container;
pub mod entry;
pub mod error;
pub mod filter;
pub mod model;
#[cfg(feature = "paper")]
pub mod paper;
pub mod tree;
