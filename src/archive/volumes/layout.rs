//! Where each volume lies in the archive, and what is wrong with their lengths.

use super::VolumeFault;
use std::collections::BTreeMap;

/// Where the bytes of a volume lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the volume.
    pub number: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Offset behind its last byte.
    pub end: u64,
    /// How many of its bytes are there; 0 if it is missing.
    pub there: u64,
}

/// The places of all volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub places: Vec<Place>,
    /// The length of all volumes but the last; `None` if there is only one.
    pub size: Option<u64>,
    /// The faults, with the numbers of the first and the last volume they are about.
    pub faults: Vec<(u64, u64, VolumeFault)>,
}

/// Lays out volumes of these lengths, by their numbers from 1 on; those that are not listed are
/// missing. `whole` is the length of the archive, if its last bytes say it. There is at least
/// one volume.
pub fn layout(lengths: &BTreeMap<u64, u64>, whole: Option<u64>) -> Layout {
    let Some((&last, &last_length)) = lengths.last_key_value() else { return Layout::default() };
    if last == 1 {
        let place = Place { number: 1, start: 0, end: last_length, there: last_length };
        return Layout { places: vec![place], size: None, faults: Vec::new() };
    }
    let said = whole.and_then(|whole| whole.checked_sub(last_length));
    let said = said.filter(|before| before % (last - 1) == 0).map(|before| before / (last - 1));
    let size = said.filter(|&size| size > 0).unwrap_or_else(|| usual(lengths, last));
    let mut layout = Layout { size: Some(size).filter(|&size| size > 0), ..Layout::default() };
    for number in 1..=last {
        let start = (number - 1).saturating_mul(size);
        let end = start.saturating_add(if number == last { last_length } else { size });
        let length = lengths.get(&number).copied();
        let there = length.unwrap_or(0).min(end - start);
        layout.places.push(Place { number, start, end, there });
        match length {
            None => layout.missing(number, start, size),
            Some(length) if length < end - start => {
                let fault = VolumeFault::Short { missing: end - start - length };
                layout.faults.push((number, number, fault));
            }
            Some(length) if length > size => {
                let fault = VolumeFault::Long { more: length - size };
                layout.faults.push((number, number, fault));
            }
            Some(_) => {}
        }
    }
    layout
}

/// Returns the length that most of the volumes before the last have, the greatest of several;
/// 0 if there is none.
fn usual(lengths: &BTreeMap<u64, u64>, last: u64) -> u64 {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, &length) in lengths.range(..last) {
        *counts.entry(length).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(length, count)| (count, length)).map_or(0, |most| most.0)
}

impl Layout {
    /// Counts a volume as missing; those that follow one another are one fault.
    fn missing(&mut self, number: u64, offset: u64, size: u64) {
        if let Some((_, to, VolumeFault::Missing { bytes, .. })) = self.faults.last_mut()
            && *to + 1 == number
        {
            (*to, *bytes) = (number, bytes.saturating_add(size));
            return;
        }
        self.faults.push((number, number, VolumeFault::Missing { offset, bytes: size }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lengths: &[(u64, u64)], whole: Option<u64>) -> (Vec<(u64, u64, u64)>, String) {
        let Layout { places, faults, .. } = layout(&lengths.iter().copied().collect(), whole);
        let places = places.iter().map(|one| (one.start, one.end, one.there)).collect();
        (places, format!("{faults:?}"))
    }

    #[test]
    fn volumes_lie_at_their_numbers_whatever_is_missing() {
        let (all, faults) = of(&[(1, 10), (2, 10), (3, 4)], Some(24));
        assert_eq!(all, [(0, 10, 10), (10, 20, 10), (20, 24, 4)]);
        assert_eq!(faults, "[]");
        let (all, faults) = of(&[(1, 10), (4, 4)], None);
        assert_eq!(all, [(0, 10, 10), (10, 20, 0), (20, 30, 0), (30, 34, 4)]);
        assert_eq!(faults, "[(2, 3, Missing { offset: 10, bytes: 20 })]");
        // The footer tells the length of those that are all gone, and of one that is cut.
        let (all, faults) = of(&[(3, 4)], Some(24));
        assert_eq!(all, [(0, 10, 0), (10, 20, 0), (20, 24, 4)]);
        assert_eq!(faults, "[(1, 2, Missing { offset: 0, bytes: 20 })]");
        let (all, faults) = of(&[(1, 7), (2, 8)], Some(18));
        assert_eq!(all, [(0, 10, 7), (10, 18, 8)]);
        assert_eq!(faults, "[(1, 1, Short { missing: 3 })]");
    }

    #[test]
    fn without_a_footer_most_volumes_decide_the_length() {
        let (all, faults) = of(&[(1, 10), (2, 7), (3, 10), (4, 11)], None);
        assert_eq!(all, [(0, 10, 10), (10, 20, 7), (20, 30, 10), (30, 41, 11)]);
        assert_eq!(faults, "[(2, 2, Short { missing: 3 }), (4, 4, Long { more: 1 })]");
        let (all, faults) = of(&[(1, 10), (2, 15), (3, 10), (4, 1)], Some(31));
        assert_eq!((all[1], all[3]), ((10, 20, 10), (30, 31, 1)));
        assert_eq!(faults, "[(2, 2, Long { more: 5 })]");
        // Nothing tells how long what is missing was.
        assert_eq!(of(&[(2, 9)], None).0, [(0, 0, 0), (0, 9, 9)]);
        // A footer whose length does not fit tells nothing.
        assert_eq!(of(&[(1, 10), (2, 10), (3, 4)], Some(25)).1, "[]");
    }
}
