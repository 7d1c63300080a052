//! Reversible transforms applied to a group before its codec.
//!
//! A filter is a file with an [`InPlace`], and its line in the list of
//! `src/codec/filter/mod.rs`. Normative text: spec/codec.md §3.

pub mod none;
pub mod x86;

/// A filter that changes the bytes of a group in place, and not their number.
#[derive(Clone, Copy, Debug)]
pub struct InPlace {
    /// Number in the container.
    pub number: u8,
    /// Name in messages.
    pub name: &'static str,
    /// Whether a group gets smaller by it; the second argument is whether the group is
    /// text. Any answer decodes.
    pub pays: fn(&[u8], bool) -> bool,
    /// Applies the filter.
    pub forward: fn(&mut [u8]),
    /// Undoes what `forward` did, from the first byte to the last.
    pub inverse: fn(&mut [u8]),
    /// Bytes behind a place that `inverse` looks at: all but the last `look_ahead`
    /// bytes of a beginning of the group can be undone.
    pub look_ahead: usize,
}
