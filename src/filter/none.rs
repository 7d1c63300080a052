//! No filter.

use super::InPlace;

/// The bytes as they are.
pub static NONE: InPlace = InPlace {
    number: 0,
    name: "none",
    pays: |_, _| true,
    forward: |_| (),
    inverse: |_| (),
    look_ahead: 0,
};
