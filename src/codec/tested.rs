//! The known-answer tests, run when a codec is first used.

use super::{Codec, CodecError};
use crate::arith::Isa;
use std::sync::{Mutex, PoisonError};

/// Runs the known-answer tests of every computation that decides bytes; milliseconds.
///
/// # Errors
/// [`CodecError::SelfTest`] if this CPU does not follow spec/arithmetic.md.
pub fn self_test(isa: Isa) -> Result<(), CodecError> {
    Codec::ALL.iter().try_for_each(|codec| codec.self_test(isa))
}

/// Tests what `codec` computes on `isa`, once in the life of the process. To be called
/// before the first group is coded or decoded, on the thread that does it. Codecs
/// without a model cost nothing.
///
/// # Errors
/// [`CodecError::SelfTest`] if this CPU does not follow spec/arithmetic.md.
pub fn test_once(codec: Codec, isa: Isa) -> Result<(), CodecError> {
    static PASSED: Mutex<Vec<(Codec, Isa)>> = Mutex::new(Vec::new());
    // A list of what passed is sound whenever its lock was given up.
    let passed = || PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    if passed().contains(&(codec, isa)) {
        return Ok(());
    }
    // Without the lock: a thread that waits for others in the network may begin another
    // group meanwhile. Threads that begin together each test.
    codec.self_test(isa)?;
    passed().push((codec, isa));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_tested_when_it_is_used() {
        for &codec in Codec::ALL {
            test_once(codec, Isa::best()).unwrap();
            test_once(codec, Isa::best()).unwrap();
        }
    }
}
