//! The classes: how much is computed for a sample.
//!
//! Normative text: spec/codec.md §9.1.

/// A class of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Levels 1 to 3.
    Fast,
    /// Levels 4 to 8.
    Standard,
    /// Level 9.
    Best,
}

/// What the predictors of a class do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Samples after which the first predictor is solved again.
    pub interval: u32,
    /// The same of the short one; 0 if there is none.
    pub short: u32,
    /// The same of the steady one; 0 if there is none.
    pub steady: u32,
    /// The same of the last one; 0 if there is none.
    pub last: u32,
    /// Taps and rate of each filter.
    pub stages: &'static [(usize, f32)],
}

impl Class {
    /// All classes; the place of one plus one is its model id.
    pub const ALL: [Class; 3] = [Class::Fast, Class::Standard, Class::Best];

    /// Returns the model id of section headers.
    pub fn id(self) -> u16 {
        self as u16 + 1
    }

    /// Returns the class of a level, 1 ..= 9.
    pub fn of_level(level: u8) -> Class {
        match level {
            0..=3 => Class::Fast,
            4..=8 => Class::Standard,
            _ => Class::Best,
        }
    }

    /// Returns the numbers of the class.
    pub fn plan(self) -> Plan {
        match self {
            Class::Fast => Plan {
                interval: 16,
                short: 0,
                steady: 0,
                last: 0,
                stages: &[(32, 0.008), (16, 0.012)],
            },
            Class::Standard => Plan {
                interval: 8,
                short: 2,
                steady: 0,
                last: 1,
                stages: &[(256, 0.012), (32, 0.01), (16, 0.02)],
            },
            Class::Best => Plan {
                interval: 1,
                short: 1,
                steady: 1,
                last: 1,
                stages: &[(1024, 0.006), (256, 0.012), (32, 0.01), (16, 0.02)],
            },
        }
    }
}
