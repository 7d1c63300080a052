//! Chooses the contents of a base: those that share most with the rest.
//!
//! A sketch of each content stands for its bytes: hashes of some of its strings, chosen by
//! their value, so that a string that two contents share is in both sketches or in none. A
//! base is worth the strings in it that come in many groups. What comes in one group alone
//! is no gain, however often: the group learns it by itself.

use std::collections::{BinaryHeap, HashMap, HashSet};

/// Bytes of the strings that are hashed.
const STRING: usize = 12;

/// One string in so many is in a sketch.
const ONE_IN: u32 = 64;

/// Most hashes of a sketch.
const MOST_HASHES: usize = 96;

/// Longest content that stands in a base as a part of the sample.
const LONGEST: u64 = 256 << 10;

/// Hashes of some strings of a content, ascending, none twice.
pub(super) type Sketch = Vec<u32>;

/// Makes the sketch of the first bytes of a content. Costs one pass.
pub(super) fn sketch(bytes: &[u8]) -> Sketch {
    // The smallest are a choice by value too.
    let mut sketch = dense_sketch(bytes, ONE_IN);
    sketch.truncate(MOST_HASHES);
    sketch
}

/// Makes a sketch with one string of `one_in`, and no bound. Costs one pass.
pub(super) fn dense_sketch(bytes: &[u8], one_in: u32) -> Sketch {
    let hashes = bytes.windows(STRING).map(hash).filter(|hash| hash % one_in == 0);
    let mut sketch: Sketch = hashes.collect();
    sketch.sort_unstable();
    sketch.dedup();
    sketch
}

/// Hashes a string of [`STRING`] bytes.
fn hash(string: &[u8]) -> u32 {
    let (low, high) = string.split_at(STRING - 8);
    let low = u32::from_le_bytes(low.try_into().unwrap_or_default());
    let high = u64::from_le_bytes(high.try_into().unwrap_or_default());
    let mixed = (high ^ u64::from(low).rotate_left(40)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // The low bits decide what is in a sketch, so they must depend on all bytes.
    ((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32
}

/// What is known of a content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// Its bytes.
    pub size: u64,
    /// Its sketch.
    pub sketch: &'a [u32],
}

/// Chooses contents that together have at most `base` bytes. `group` is the size of the
/// groups that the others will be cut into, in their order. Returns for each content
/// whether it is chosen.
pub(super) fn choose(contents: &[Known], base: u64, group: u64) -> Vec<bool> {
    let mut seen = 0u64;
    let places: Vec<u64> = contents
        .iter()
        .map(|content| {
            let place = seen / group.max(1);
            seen = seen.saturating_add(content.size);
            place
        })
        .collect();
    let mut chosen = vec![false; contents.len()];
    rank(contents, &places, base).into_iter().for_each(|place| chosen[place] = true);
    chosen
}

/// Chooses contents that together have at most `base` bytes, those worth most first.
/// `groups` says, for each content, in which group its strings come; it ascends.
pub(super) fn rank(contents: &[Known], groups: &[u64], base: u64) -> Vec<usize> {
    let mut worth = worths(contents, groups);
    let mut chosen = Vec::new();
    let gain = |worth: &HashMap<u32, u32>, content: &Known| -> u64 {
        content.sketch.iter().map(|hash| u64::from(*worth.get(hash).unwrap_or(&0))).sum()
    };
    // By gain for each byte; gains only fall, so one that is out of date is at most too high.
    let for_each_byte = |gain: u64, size: u64| gain.saturating_mul(1 << 24) / (size + 256);
    let short = |content: &Known| content.size > 0 && content.size <= LONGEST;
    let mut queue: BinaryHeap<(u64, std::cmp::Reverse<usize>)> = contents
        .iter()
        .enumerate()
        .filter(|(_, content)| short(content))
        .map(|(place, content)| {
            (for_each_byte(gain(&worth, content), content.size), std::cmp::Reverse(place))
        })
        .collect();
    let mut left = base;
    while let Some((promised, std::cmp::Reverse(place))) = queue.pop() {
        let content = &contents[place];
        if content.size > left {
            continue;
        }
        let now = for_each_byte(gain(&worth, content), content.size);
        if now < promised && queue.peek().is_some_and(|(next, _)| now < *next) {
            queue.push((now, std::cmp::Reverse(place)));
            continue;
        }
        chosen.push(place);
        left -= content.size;
        for hash in content.sketch {
            worth.remove(hash);
        }
    }
    chosen
}

/// Returns, for each string that comes in several groups, in how many besides one.
fn worths(contents: &[Known], groups: &[u64]) -> HashMap<u32, u32> {
    let (mut current, mut place) = (HashSet::new(), 0);
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for (content, &group) in contents.iter().zip(groups) {
        if group != place {
            place = group;
            current.clear();
        }
        for &hash in content.sketch {
            if current.insert(hash) {
                *counts.entry(hash).or_default() += 1;
            }
        }
    }
    counts.retain(|_, count| *count > 1);
    counts.values_mut().for_each(|count| *count -= 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: u32, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn contents_that_share_bytes_share_hashes() {
        let (one, other) = (text(1, 20_000), text(2, 20_000));
        let both = [&one[..5000], &other[..5000]].concat();
        let common = |a: &[u8], b: &[u8]| {
            let (a, b) = (sketch(a), sketch(b));
            a.iter().filter(|hash| b.contains(hash)).count()
        };
        assert_eq!(common(&one, &other), 0);
        assert!(common(&one, &both) > 5 && common(&other, &both) > 5);
        assert!(sketch(&text(3, 1 << 16)).len() == MOST_HASHES);
        assert!(sketch(b"short").is_empty());
    }

    #[test]
    fn what_many_groups_share_is_chosen_first() {
        let common = text(9, 4000);
        let sketches: Vec<Sketch> = (0..40)
            .map(|number| {
                let own = text(100 + number, 4000);
                sketch(&if number % 10 == 3 { [common.clone(), own].concat() } else { own })
            })
            .collect();
        let known: Vec<Known> =
            sketches.iter().map(|sketch| Known { size: 8000, sketch }).collect();
        let chosen = choose(&known, 8000, 80_000);
        assert_eq!(chosen.iter().position(|chosen| *chosen), Some(3));
        assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 1);
        let all = choose(&known, 1 << 20, 80_000);
        assert!(all.iter().all(|chosen| *chosen), "what is left is filled up");
    }

    #[test]
    fn long_and_empty_contents_are_not_chosen() {
        let known = [0, LONGEST + 1, 5].map(|size| Known { size, sketch: &[] });
        assert_eq!(choose(&known, 100, 10), [false, false, true]);
        assert!(choose(&[], 100, 10).is_empty());
    }
}
