//! Digests of an engine's parts: they locate where two engines diverge.

use super::Engine;
use crate::arith::Simd;
use crate::model::hash::MULTIPLIER;
use crate::model::size::Size;
use std::hash::{Hash, Hasher};

/// Names of an engine's parts, each with a digest of its state.
pub type Digests = Vec<(&'static str, u64)>;

/// A digest of everything that `state` hashes.
pub fn digest(state: impl Hash) -> u64 {
    let mut digest = Digest(0);
    state.hash(&mut digest);
    digest.finish()
}

/// A hash of words, not of bytes: engines have many megabytes of state.
struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut padded = [0; 8];
            padded[..word.len()].copy_from_slice(word);
            let word = u64::from_le_bytes(padded);
            self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<S: Simd, C: Size> Engine<S, C> {
    /// Digests of all parts, as they are between two symbols.
    pub fn digests(&self) -> Digests {
        // Written out, so that a new field is not forgotten.
        let Engine {
            simd: _,
            model: _,
            spelling: _,
            past,
            state,
            contexts,
            match_models,
            predicted,
            network,
            escape,
            mixer,
            apms,
            inputs,
            partial,
            bit_index,
            probabilities,
            rate,
        } = self;
        let bits = (partial, bit_index, probabilities, rate.to_bits());
        let mut digests = contexts.digests();
        digests.extend([
            ("past", digest(&past[..])),
            ("context state", digest(state)),
            ("match models", digest(match_models)),
            ("predicted symbols", digest(predicted)),
            ("network", digest(network)),
            ("escape flag", digest(escape)),
            ("mixer", digest(mixer)),
            ("APM stages", digest(apms)),
            ("inputs", digest((inputs.as_ref(), bits))),
        ]);
        digests
    }
}
