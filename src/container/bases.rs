//! What a group starts behind. Normative text: spec/container.md §4.3.

use super::SectionHeader;
use super::section::{BASE, CODEC_GIVEN, SECTION_MOST};
use std::collections::BTreeMap;

/// What a group starts behind: the model has learned from it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// Base_Kind 1: the group that stands this many groups before.
    Group(u32),
    /// Base_Kind 2: the shipped base whose digest starts with these bytes.
    Shipped([u8; 4]),
    /// A Base_Kind that this build does not know, and Base.
    Unknown(u8, u32),
}

impl Base {
    /// Reads Base_Kind and Base.
    pub(super) fn parse(kind: u8, base: u32) -> Result<Option<Base>, &'static str> {
        match kind {
            0 if base != 0 => Err("Base is set without Base_Kind"),
            0 => Ok(None),
            1 => Ok(Some(Base::Group(base))),
            2 => Ok(Some(Base::Shipped(base.to_le_bytes()))),
            _ => Ok(Some(Base::Unknown(kind, base))),
        }
    }
}

/// Returns Base_Kind and Base as stored.
pub(super) fn base_numbers(base: Option<Base>) -> (u8, u32) {
    match base {
        None => (0, 0),
        Some(Base::Group(distance)) => (1, distance),
        Some(Base::Shipped(start)) => (2, u32::from_le_bytes(start)),
        Some(Base::Unknown(kind, base)) => (kind, base),
    }
}

/// The groups so far that others may start behind.
#[derive(Debug, Default)]
pub(super) struct Bases(BTreeMap<u64, SectionHeader>);

impl Bases {
    /// Checks that the base of a group is one, and remembers the group if it is a base. The
    /// error is the broken rule.
    pub fn follow(&mut self, header: &SectionHeader) -> Result<(), &'static str> {
        if header.flags & BASE != 0 {
            self.0.insert(header.group, *header);
        }
        let Some(Base::Group(distance)) = header.base else { return Ok(()) };
        let base = header.group.checked_sub(u64::from(distance));
        let base = base.filter(|&base| base < header.group).and_then(|base| self.0.get(&base));
        let base = base.ok_or("the base is no group that is marked as one")?;
        let starts_anew = !matches!(base.base, Some(Base::Group(_) | Base::Unknown(..)));
        let parameters = |one: &SectionHeader| (one.filter, one.model, one.capacity);
        let codec = base.codec == header.codec || base.codec == CODEC_GIVEN;
        if !starts_anew {
            return Err("the base has a base that is a group");
        }
        if !codec || parameters(base) != parameters(header) {
            return Err("the base has another codec, filter, model or capacity");
        }
        match base.raw_length + header.raw_length > SECTION_MOST {
            true => Err("base and group together are longer than 2^32 - 1 bytes"),
            false => Ok(()),
        }
    }
}
