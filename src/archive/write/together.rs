//! Finds out whether archives are the shards of one plan, all of them.

use crate::archive::{Archive, ArchiveError};
use crate::checksum::Tag;
use crate::container::Shard;
use std::collections::BTreeMap;

/// Missing shards that a message names, as ranges.
const NAMED: usize = 16;

/// Why archives are not the shards of one plan, all of them and each once. Shards are numbered
/// from 1 here, as for users.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardFault {
    /// There is none of this number.
    #[error(
        "there is no part {number} of {count}: parts are numbered from 1 to how many there are"
    )]
    NoSuch {
        /// The number.
        number: u64,
        /// How many there are.
        count: u64,
    },
    /// An archive is none, although others are.
    #[error("is no shard, but others are: leave it out, or merge them with --partial")]
    NoShard,
    /// A shard is of a plan for another number of shards than that of most.
    #[error("is shard {number} of {count}, but others are of {others}")]
    OtherCount {
        /// Its number.
        number: u64,
        /// How many shards its plan has.
        count: u64,
        /// How many the plan of most has.
        others: u64,
    },
    /// A shard is of another plan than most.
    #[error(
        "shard {number} of {count} has another plan than others: files came, went or changed \
         their sizes, or options differed; make it again"
    )]
    OtherPlan {
        /// Its number.
        number: u64,
        /// How many there are.
        count: u64,
    },
    /// A shard comes a second time.
    #[error("shard {number} of {count} is given twice")]
    Twice {
        /// Its number.
        number: u64,
        /// How many there are.
        count: u64,
    },
    /// Shards are not there.
    #[error("{}", missing(numbers, *count))]
    Missing {
        /// Their numbers, ascending; 2^20 of them at most.
        numbers: Vec<u64>,
        /// How many there are.
        count: u64,
    },
}

/// Says which shards are missing.
fn missing(numbers: &[u64], count: u64) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut().filter(|range| range.1 + 1 == number) {
            Some(range) => range.1 = number,
            None => ranges.push((number, number)),
        }
    }
    let show = |&(first, last): &(u64, u64)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    };
    let shown: Vec<String> = ranges.iter().take(NAMED).map(show).collect();
    let left: u64 = ranges.iter().skip(NAMED).map(|(first, last)| last - first + 1).sum();
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let (what, are, them) = match numbers.len() {
        1 => ("shard", "is", "it"),
        _ => ("shards", "are", "them"),
    };
    let shown = shown.join(", ");
    format!("{what} {shown}{more} of {count} {are} missing: make {them}, or merge with --partial")
}

/// Checks that archives are the shards of one plan if any of them is a shard: all of them, each
/// once, in any order. Returns what is wrong, each an [`ArchiveError::Shards`]. They can be merged
/// in spite of it, as any other archives.
pub fn check_shards(archives: &[Archive]) -> Vec<ArchiveError> {
    let shards: Vec<Option<Shard>> = archives.iter().map(Archive::shard).collect();
    let error = |(archive, fault)| ArchiveError::Shards { archive, fault };
    faults(&shards).into_iter().map(error).collect()
}

/// Returns the archives in the order in which they are merged, and the id of what comes of it if
/// it is not that of any archives.
pub(super) fn in_order(archives: &[Archive]) -> (Vec<&Archive>, Option<Tag>) {
    let mut ordered: Vec<&Archive> = archives.iter().collect();
    let shards: Vec<Option<Shard>> = archives.iter().map(Archive::shard).collect();
    match shards[..] {
        // As it is of one shard of one.
        [None] => (ordered, Some(archives[0].reader.archive_id())),
        [Some(Shard { plan, .. }), ..] if faults(&shards).is_empty() => {
            ordered.sort_by_key(|archive| archive.shard().map(|shard| shard.number));
            (ordered, Some(super::shard::archive_id(&plan, None)))
        }
        _ => (ordered, None),
    }
}

/// Returns what is wrong with archives as the shards of a plan, each with the number of the
/// archive that it is about; nothing if none is a shard.
fn faults(shards: &[Option<Shard>]) -> Vec<(Option<usize>, ShardFault)> {
    let Some((most, count)) = most_common(shards) else { return Vec::new() };
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for (place, shard) in shards.iter().enumerate() {
        let fault = match *shard {
            None => ShardFault::NoShard,
            Some(Shard { count: other, number, .. }) if other != count => {
                ShardFault::OtherCount { number: number + 1, count: other, others: count }
            }
            Some(Shard { number, plan, .. }) if plan != most => {
                ShardFault::OtherPlan { number: number + 1, count }
            }
            Some(Shard { number, .. }) if seen.insert(number, place).is_some() => {
                ShardFault::Twice { number: number + 1, count }
            }
            _ => continue,
        };
        faults.push((Some(place), fault));
    }
    // A count is what the archive says: no list is made of numbers that are merely claimed.
    let known = seen.len() as u64;
    if known < count {
        let absent = (0..count).filter(|number| !seen.contains_key(number));
        let numbers = absent.take(MOST_MISSING).map(|number| number + 1).collect();
        faults.push((None, ShardFault::Missing { numbers, count }));
    }
    faults
}

/// Most missing shards that are counted.
const MOST_MISSING: usize = 1 << 20;

/// Returns plan and number of shards of most archives that are shards; of equally many, those of
/// the first.
fn most_common(shards: &[Option<Shard>]) -> Option<([u8; 16], u64)> {
    let mut counted: Vec<(([u8; 16], u64), u64)> = Vec::new();
    let mut places: BTreeMap<([u8; 16], u64), usize> = BTreeMap::new();
    for Shard { plan, count, .. } in shards.iter().flatten() {
        let place = *places.entry((*plan, *count)).or_insert(counted.len());
        match counted.get_mut(place) {
            Some(known) => known.1 += 1,
            None => counted.push(((*plan, *count), 1)),
        }
    }
    let most = counted.iter().map(|one| one.1).max()?;
    counted.into_iter().find(|one| one.1 == most).map(|one| one.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(number: u64, count: u64, plan: u8) -> Option<Shard> {
        Some(Shard { count, number: number - 1, plan: [plan; 16] })
    }

    fn messages(shards: &[Option<Shard>]) -> Vec<(Option<usize>, String)> {
        faults(shards).into_iter().map(|(place, fault)| (place, fault.to_string())).collect()
    }

    #[test]
    fn shards_belong_together_if_each_is_there_once() {
        let all = [shard(2, 3, 7), shard(1, 3, 7), shard(3, 3, 7)];
        assert_eq!(messages(&all), []);
        assert_eq!(messages(&[None, None]), []);
    }

    #[test]
    fn the_minority_has_another_plan() {
        let all = [shard(1, 3, 8), shard(2, 3, 7), shard(3, 3, 7)];
        let found = messages(&all);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].0, Some(0));
        assert!(found[0].1.starts_with("shard 1 of 3 has another plan"), "{found:?}");
    }

    #[test]
    fn missing_shards_are_named_as_ranges() {
        assert!(missing(&[3], 4).starts_with("shard 3 of 4 is missing"));
        assert!(missing(&[1, 2, 3, 7], 8).starts_with("shards 1-3, 7 of 8 are missing"));
        let odd: Vec<u64> = (0..40).map(|number| 2 * number + 1).collect();
        assert!(missing(&odd, 80).contains("29, 31 and 24 more of 80"));
        // A shard may claim to be one of very many.
        let far = [shard(1, u64::MAX, 7)];
        assert_eq!(messages(&far).len(), 1);
    }
}
