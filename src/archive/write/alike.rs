//! Brings contents together that are alike: versions of a file, copies with edits.
//!
//! Each content follows the earlier one whose sketch shares most with its own, if they share
//! enough. So contents make trees. A tree stands where its first content stood. Within it,
//! what follows a content stands behind it, the most alike first.
//!
//! Earlier contents are found by an index of hashes. The hashes of a content that are looked
//! up are bounded, and so are the contents that are looked at for a hash. So the cost is linear
//! in the number of contents.

use super::plan::ContentPlan;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Hashes of a sketch that are in the index.
const INDEXED: usize = 24;

/// Most contents that are looked at for one hash, the nearest first.
const FOR_A_HASH: usize = 8;

/// Contents whose whole sketch is compared: those with most equal hashes in the index.
const COMPARED: usize = 4;

/// Least number of hashes that a content shares with the one that it follows.
const LEAST_SHARED: usize = 4;

/// The least bond of a content to the one that it follows: 35 % of the larger sketch. Pages of
/// one template share less.
const LEAST_BOND: u8 = 90;

/// The least bond if both files have the same name, as versions of a file do: 15 %.
const LEAST_BOND_OF_NAME: u8 = 39;

/// What a content follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leader {
    /// Place of the content that is followed.
    place: usize,
    /// How much of the larger of both sketches they share, in 255ths.
    bond: u8,
}

/// What is compared of a content.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    sketch: &'a [u32],
    /// The last part of its path.
    name: &'a [u8],
}

/// Orders contents of one kind, which are in the order of extensions and paths. Returns them
/// as trees, and sets their bonds. Costs less than making their sketches; takes some 530 bytes
/// of memory for each content while it runs.
pub(super) fn bring_together(contents: Vec<ContentPlan>) -> Vec<Vec<ContentPlan>> {
    let leaders = leaders(&contents.iter().map(Seen::of).collect::<Vec<_>>());
    let mut contents: Vec<Option<ContentPlan>> = contents.into_iter().map(Some).collect();
    let mut take = |place: usize| {
        let mut content = contents[place].take().expect("each place comes once");
        content.bond = leaders[place].map_or(0, |leader| leader.bond);
        content
    };
    trees(&leaders).into_iter().map(|tree| tree.into_iter().map(&mut take).collect()).collect()
}

impl Seen<'_> {
    fn of(content: &ContentPlan) -> Seen<'_> {
        let name = content.path().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        Seen { sketch: &content.sketch, name }
    }

    /// Returns the bond to an earlier content, if this follows it; both share so many hashes.
    fn bond(&self, other: &Seen, shared: usize) -> Option<u8> {
        let larger = self.sketch.len().max(other.sketch.len());
        let bond = (shared * 255).checked_div(larger)? as u8;
        let least = if self.name == other.name { LEAST_BOND_OF_NAME } else { LEAST_BOND };
        (shared >= LEAST_SHARED && bond >= least).then_some(bond)
    }
}

/// Returns what each content follows, if anything: always an earlier one.
fn leaders(contents: &[Seen]) -> Vec<Option<Leader>> {
    let mut index = Index::default();
    let leader = |(place, content): (usize, &Seen)| {
        let near = index.add(place as u32, content.sketch).into_iter();
        let near = near.map(|other| other as usize);
        let shared = |other: usize| count_shared(content.sketch, contents[other].sketch);
        // Of several that are equally alike, the nearest, which is likely the last version.
        let (shared, place) = near.map(|other| (shared(other), other)).max()?;
        let bond = content.bond(&contents[place], shared)?;
        Some(Leader { place, bond })
    };
    contents.iter().enumerate().map(leader).collect()
}

/// Returns the trees that followers make, in the order of their first places. A place stands
/// before those that follow it.
fn trees(leaders: &[Option<Leader>]) -> Vec<Vec<usize>> {
    let bond = |place: usize| leaders[place].map_or(0, |leader| leader.bond);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); leaders.len()];
    for (place, leader) in leaders.iter().enumerate() {
        if let Some(leader) = leader {
            followers[leader.place].push(place);
        }
    }
    let firsts = (0..leaders.len()).filter(|&place| leaders[place].is_none());
    let firsts: Vec<usize> = firsts.collect();
    let mut tree = |first: usize| {
        let (mut tree, mut stack) = (Vec::new(), vec![first]);
        while let Some(place) = stack.pop() {
            tree.push(place);
            let mut next = std::mem::take(&mut followers[place]);
            // The last is taken next.
            next.sort_by_key(|&place| (bond(place), Reverse(place)));
            stack.append(&mut next);
        }
        tree
    };
    firsts.into_iter().map(&mut tree).collect()
}

/// Finds earlier contents that share hashes.
#[derive(Debug, Default)]
struct Index {
    /// The last entry of each hash.
    last: HashMap<u32, u32>,
    /// The content of each entry, and the entry before it of the same hash.
    entries: Vec<(u32, Option<u32>)>,
}

impl Index {
    /// Adds a content. Returns those before it that share most hashes with it, at most
    /// [`COMPARED`].
    fn add(&mut self, content: u32, sketch: &[u32]) -> Vec<u32> {
        let mut near = Vec::with_capacity(sketch.len().min(INDEXED) * FOR_A_HASH);
        // The smallest: the same strings in both, whatever lies between them.
        for &hash in sketch.iter().take(INDEXED) {
            // Past 2^32 entries, what comes is not found.
            let Ok(number) = u32::try_from(self.entries.len()) else { break };
            let before = self.last.insert(hash, number);
            self.entries.push((content, before));
            let entry = |number: &u32| self.entries[*number as usize];
            let chain = std::iter::successors(before, |number| entry(number).1);
            near.extend(chain.take(FOR_A_HASH).map(|number| entry(&number).0));
        }
        near.sort_unstable();
        let runs = near.chunk_by(|one, other| one == other);
        let mut counted: Vec<(usize, u32)> = runs.map(|run| (run.len(), run[0])).collect();
        counted.sort_unstable_by_key(|&counted| Reverse(counted));
        counted.truncate(COMPARED);
        counted.into_iter().map(|(_, content)| content).collect()
    }
}

/// Counts the hashes that are in both sketches.
fn count_shared(one: &[u32], other: &[u32]) -> usize {
    let (mut left, mut right, mut count) = (one.iter().peekable(), other.iter().peekable(), 0);
    while let (Some(&&a), Some(&&b)) = (left.peek(), right.peek()) {
        count += usize::from(a == b);
        left.next_if(|_| a <= b);
        right.next_if(|_| b <= a);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All names differ.
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// Sketches of hashes `from` to `to`, as many as a file of 2 KiB has.
    fn sketch(from: u32, to: u32) -> Vec<u32> {
        (from..to).collect()
    }

    fn order(sketches: &[Vec<u32>], names: &[&str]) -> Vec<Vec<usize>> {
        let names = names.iter().map(|name| name.as_bytes()).chain(std::iter::repeat(&b""[..]));
        let seen = sketches.iter().zip(names).map(|(sketch, name)| Seen { sketch, name });
        trees(&leaders(&seen.collect::<Vec<_>>()))
    }

    #[test]
    fn versions_stand_behind_the_first_and_the_most_alike_next() {
        let files = [
            sketch(0, 32),
            sketch(100, 132),
            sketch(200, 232),
            sketch(112, 144),
            sketch(2, 34),
            sketch(101, 133),
            sketch(3, 35),
        ];
        assert_eq!(order(&files, &NAMES), [vec![0, 4, 6], vec![1, 5, 3], vec![2]]);
    }

    #[test]
    fn contents_that_share_little_stay_where_they_are() {
        let files = [sketch(0, 32), sketch(50, 82), sketch(22, 54), sketch(0, 3), sketch(0, 3)];
        let alone: Vec<Vec<usize>> = (0..5).map(|place| vec![place]).collect();
        assert_eq!(order(&files, &NAMES), alone);
        assert!(order(&[], &[]).is_empty());
        let same = ["a", "b", "a", "d", "d"];
        assert_eq!(order(&files, &same)[0], [0, 2], "a name makes up for half of what is alike");
    }

    #[test]
    fn each_content_comes_once_however_many_are_alike() {
        let files: Vec<Vec<u32>> = (0..3000).map(|file| sketch(file / 9, file / 9 + 40)).collect();
        let order = order(&files, &NAMES);
        let mut places = order.concat();
        places.sort_unstable();
        assert_eq!(places, (0..3000).collect::<Vec<_>>());
        assert_eq!(order.len(), 1, "a chain of versions has one beginning");
    }

    #[test]
    fn shared_hashes_are_counted() {
        assert_eq!(count_shared(&[1, 3, 5, 9], &[2, 3, 4, 9, 10]), 2);
        assert_eq!(count_shared(&[], &[1]), 0);
    }
}
