//! The known-answer test: does this CPU compute what the specification says?

use super::model::digest;
use super::{Model, PaperError, Shape, Training};
use crate::arith::Isa;

/// Frequencies of all steps, digested; changes only with the format.
const ANSWER: u64 = 0x1d61_7beb_48ae_592f;

/// Trains a small network for three steps and compares its frequencies with the
/// recorded ones. Takes about a millisecond per step.
///
/// # Errors
/// [`PaperError::SelfTest`] if they differ.
pub fn self_test(isa: Isa) -> Result<(), PaperError> {
    if answer(&Shape::SMALL.trained(Training::WARMED), isa)? == ANSWER {
        Ok(())
    } else {
        Err(PaperError::SelfTest)
    }
}

/// Computes the digest of this CPU with a network of `shape`.
pub(super) fn answer(shape: &Shape, isa: Isa) -> Result<u64, PaperError> {
    const LANES: usize = 2;
    let mut model = Model::new(shape, LANES, isa)?;
    let text = b"known answers, learnt one by one";
    let mut frequencies = Vec::new();
    let mut state = 0;
    for step in 0..3 {
        let contexts = [&text[step..step + 16], &text[step + 12..step + 28]].concat();
        model.predict(&contexts, &mut frequencies)?;
        state = digest(state, &frequencies);
        model.learn(&[text[step + 16], text[step + 28]])?;
    }
    Ok(state)
}
