//! The known-answer tests, run when a codec is first used.

use super::{Codec, CodecError, KNOWN_ANSWER, paper, pear};
use crate::arith::Isa;
use crate::model::{Model, Spelling};
use std::sync::{Mutex, PoisonError};

/// Known-answer test of every computation that decides bytes; milliseconds.
///
/// # Errors
/// [`CodecError::SelfTest`] if this CPU does not follow spec/arithmetic.md.
pub fn self_test(isa: Isa) -> Result<(), CodecError> {
    paper::self_test(isa)?;
    pear_test(isa)
}

/// Tests what `codec` computes on `isa`, once in the life of the process. To be called
/// before the first group is coded or decoded, on the thread that does it. Codecs
/// without a model cost nothing.
///
/// # Errors
/// [`CodecError::SelfTest`] if this CPU does not follow spec/arithmetic.md.
pub fn test_once(codec: u8, isa: Isa) -> Result<(), CodecError> {
    static PASSED: Mutex<Vec<(u8, Isa)>> = Mutex::new(Vec::new());
    let test = match codec {
        codec if codec == Codec::Pear as u8 => pear_test,
        codec if codec == Codec::PearPaper as u8 => paper::self_test,
        _ => return Ok(()),
    };
    // A list of what passed is sound whenever its lock was given up.
    let passed = || PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    if passed().contains(&(codec, isa)) {
        return Ok(());
    }
    // Without the lock: a thread that waits for others in the network may begin another
    // group meanwhile. Threads that begin together each test.
    test(isa)?;
    passed().push((codec, isa));
    Ok(())
}

/// A short text is coded by three models; the digest of the payloads is part of
/// the specification (spec/codec.md §6).
fn pear_test(isa: Isa) -> Result<(), CodecError> {
    let sample: Vec<u8> = (0u32..600)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes().into_iter().take(2))
        .chain(b"The same bits on every CPU, for ever. The same bits on every thread.".repeat(8))
        .collect();
    let mut hasher = blake3::Hasher::new();
    for id in [2, 4, 10] {
        let model = Model::of_id(id).expect("registered above");
        let (payload, _) = pear::encode(sample.clone(), model, Spelling::default(), isa);
        hasher.update(&payload);
    }
    if hasher.finalize().as_bytes()[..8] == KNOWN_ANSWER {
        Ok(())
    } else {
        Err(CodecError::SelfTest { what: "pear", isa: isa.name() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_tested_when_it_is_used() {
        for codec in 0..=5 {
            test_once(codec, Isa::best()).unwrap();
            test_once(codec, Isa::best()).unwrap();
        }
    }
}
