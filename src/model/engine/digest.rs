//! Digests of an engine's parts: they locate where two engines diverge.

use super::Engine;
use crate::arith::Simd;
use crate::model::array::Array;
use crate::model::size::Size;
use std::hash::{Hash, Hasher};

/// Names of an engine's parts, each with a digest of its state.
pub type Digests = Vec<(&'static str, u64)>;

/// A digest of everything that `state` hashes.
pub fn digest(state: impl Hash) -> u64 {
    struct Blake3(blake3::Hasher);

    impl Hasher for Blake3 {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            let bytes = self.0.finalize();
            bytes.as_bytes().iter().take(8).fold(0, |value, &byte| value << 8 | byte as u64)
        }
    }

    let mut hasher = Blake3(blake3::Hasher::new());
    state.hash(&mut hasher);
    hasher.finish()
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
