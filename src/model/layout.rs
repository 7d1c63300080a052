//! Where each part's inputs are among the mixer's.
//!
//! Each part says how many inputs it brings; [`Layout::of`] places them. No other
//! code computes a vector or a lane.
//!
//! Normative text: spec/codec.md §5, the table of inputs.

use super::mixer::LATE;

/// Lanes of a vector.
const LANES: usize = 16;
/// Inputs that never change.
const BIASES: usize = 1;

/// Places of inputs. Vectors are counted from 0, lanes within a vector.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Vectors of the contexts' StateMaps, from vector 0 on.
    pub context_vectors: usize,
    /// The vector that match models, bias, indirect contexts and network share.
    pub shared: usize,
    /// First lane of that vector that is not a context's.
    pub match_models: usize,
    /// Its lane of the input that never changes.
    pub bias: usize,
    /// Its first lane of the indirect contexts.
    pub indirect: usize,
    /// First vector of the direct counters.
    pub counters: usize,
    /// Vectors in all.
    pub vectors: usize,
}

impl Layout {
    /// The layout for so many contexts, match models and direct counters.
    pub const fn of(contexts: usize, match_models: usize, counters: usize) -> Layout {
        assert!(contexts.is_multiple_of(8) && counters.is_multiple_of(LANES));
        let context_vectors = contexts.div_ceil(LANES);
        // The contexts' last vector has eight free lanes, or the rest has its own.
        let (shared, first) = match contexts % LANES {
            0 => (context_vectors, 0),
            used => (context_vectors - 1, used),
        };
        let bias = first + match_models;
        let counter_vector = shared + 1;
        Layout {
            context_vectors,
            shared,
            match_models: first,
            bias,
            indirect: bias + BIASES,
            counters: counter_vector,
            vectors: counter_vector + counters / LANES,
        }
    }

    /// How many indirect contexts fit before the network's lane.
    pub const fn room_for_indirect(&self) -> usize {
        LATE - self.indirect
    }
}

#[cfg(test)]
mod tests {
    use crate::model::size::Class;

    #[test]
    fn the_inputs_of_every_class_fit_their_vectors() {
        for class in Class::ALL {
            let (size, layout) = (class.size(), class.size().layout());
            assert!(size.indirect <= layout.room_for_indirect(), "{class:?}");
            assert!(size.contexts <= 16 * layout.shared + layout.match_models, "{class:?}");
            assert_eq!(layout.vectors, layout.counters + size.counters / 16, "{class:?}");
        }
    }
}
