//! Where each part's inputs are among the mixer's.
//!
//! Each part of the engine declares how many inputs it brings ([`Part`]); the list at
//! `parts!` places them one behind the other. No other code computes a vector or a
//! lane.
//!
//! Normative text: spec/codec.md §5, the table of inputs.

use super::size::Size;
use super::{counters, engine, indirect, match_model, network, state_map};

/// Lanes of a vector.
pub const LANES: usize = 16;

/// A part of the engine that predicts the next bit, in size class `C`.
pub trait Part<C: Size> {
    /// The inputs of the mixer that it brings.
    const INPUTS: Inputs;
}

/// How many inputs a part brings, and where they may begin.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    count: usize,
    begin: Begin,
}

/// Where the first input of a part may be.
#[derive(Clone, Copy, Debug)]
enum Begin {
    /// At lane 0 of the next vector of which no lane is used yet.
    Vector,
    /// At the next lane.
    Lane,
    /// At the last lane of the vector that the next lane is in.
    LastLane,
}

impl Inputs {
    /// `count` inputs that the part computes as whole vectors of its own; other parts
    /// may use lanes that are left in the last one.
    pub const fn vectors(count: usize) -> Inputs {
        Inputs { count, begin: Begin::Vector }
    }

    /// `count` inputs, each in a lane of its own.
    pub const fn lanes(count: usize) -> Inputs {
        Inputs { count, begin: Begin::Lane }
    }

    /// One input that is known later than the others, in the last lane of its vector.
    pub const fn late() -> Inputs {
        Inputs { count: 1, begin: Begin::LastLane }
    }
}

/// The lanes of one part's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// Vector of the first input, from 0.
    pub vector: usize,
    /// Its lane in that vector.
    pub lane: usize,
    /// How many inputs there are; all in the same vector unless `lane` is 0.
    pub count: usize,
}

impl Lanes {
    /// Places `inputs` behind the `used` inputs that there are already.
    const fn place(inputs: Inputs, used: &mut usize) -> Lanes {
        let first = match inputs.begin {
            Begin::Vector => used.next_multiple_of(LANES),
            Begin::Lane => *used,
            Begin::LastLane => *used / LANES * LANES + LANES - 1,
        };
        *used = first + inputs.count;
        let (vector, lane) = (first / LANES, first % LANES);
        assert!(lane == 0 || lane + inputs.count <= LANES, "inputs do not fit their vector");
        Lanes { vector, lane, count: inputs.count }
    }
}

/// Makes the layout of a list of parts.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $part:ty,)*) => {
        /// Lanes of the inputs of each part, in their order.
        #[derive(Clone, Copy, Debug)]
        pub struct Layout {
            $($(#[$doc])* pub $name: Lanes,)*
            /// Vectors in all.
            pub vectors: usize,
        }

        impl Layout {
            /// The layout of a size class.
            pub const fn of<C: Size>() -> Layout {
                let mut used = 0;
                $(let $name = Lanes::place(<$part as Part<C>>::INPUTS, &mut used);)*
                Layout { $($name,)* vectors: used.div_ceil(LANES) }
            }

            /// Names of the parts with their lanes.
            pub fn parts(&self) -> Vec<(&'static str, Lanes)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

parts! {
    /// The contexts.
    contexts: state_map::StateMaps,
    /// The match models.
    match_models: match_model::MatchModel,
    /// The input that never changes.
    bias: engine::Bias,
    /// The indirect contexts.
    indirect: indirect::IndirectContexts,
    /// The network.
    network: network::Network<C>,
    /// The direct counters.
    counters: counters::Counters,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::size::Class;

    #[test]
    fn no_two_inputs_of_a_class_share_a_lane() {
        for class in Class::ALL {
            let layout = class.layout();
            let mut end = 0;
            for (name, lanes) in layout.parts() {
                let first = LANES * lanes.vector + lanes.lane;
                assert!(first >= end, "{class:?}: {name}");
                end = first + lanes.count;
            }
            assert_eq!(layout.vectors, end.div_ceil(LANES), "{class:?}");
        }
    }

    #[test]
    fn parts_begin_where_they_may() {
        let mut used = 24;
        let mut place = |inputs| {
            let Lanes { vector, lane, .. } = Lanes::place(inputs, &mut used);
            (vector, lane)
        };
        assert_eq!(place(Inputs::lanes(3)), (1, 8));
        assert_eq!(place(Inputs::lanes(1)), (1, 11));
        assert_eq!(place(Inputs::late()), (1, 15));
        assert_eq!(place(Inputs::vectors(20)), (2, 0));
        assert_eq!(place(Inputs::lanes(2)), (3, 4));
        assert_eq!(place(Inputs::vectors(1)), (4, 0));
    }
}
