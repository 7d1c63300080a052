//! Entries of an archive, each given to its part, with the directories above it.

use super::super::plan::Node;
use super::super::repack::{Files, Place, Stored};
use super::super::source::Found;
use crate::entry::{Entry, Kind, compare_paths};
use std::collections::{BTreeMap, HashMap};

/// Which part has what.
#[derive(Debug)]
pub(super) enum Parts {
    /// By directories: the number of each. The top is the empty name.
    Directories { depth: usize, numbers: BTreeMap<Vec<u8>, usize>, names: Vec<Vec<u8>> },
    /// By contents; what has none is in the first part.
    Contents { numbers: BTreeMap<Place, usize>, names: Vec<Vec<u8>> },
}

/// The first name of the files that are in several parts, and how many others there are.
pub(super) type Parted = Option<(Vec<u8>, u64)>;

impl Parts {
    pub fn of_directories(depth: usize, names: Vec<Vec<u8>>) -> Parts {
        let numbers = names.iter().cloned().zip(0..).collect();
        Parts::Directories { depth, numbers, names }
    }

    pub fn of_contents(numbers: BTreeMap<Place, usize>) -> Parts {
        let count = numbers.values().max().map_or(0, |last| last + 1);
        Parts::Contents { numbers, names: vec![Vec::new(); count] }
    }

    pub fn count(&self) -> usize {
        self.names().len()
    }

    /// Returns the directories after which the parts are called.
    pub fn names(&self) -> &[Vec<u8>] {
        match self {
            Parts::Directories { names, .. } | Parts::Contents { names, .. } => names,
        }
    }

    pub fn are_numbered(&self) -> bool {
        matches!(self, Parts::Contents { .. })
    }

    /// Returns the part of an entry, or of the content of a file; of a directory above all
    /// parts perhaps none.
    fn of(&self, entry: &Entry, place: Option<&Place>) -> Option<usize> {
        match self {
            Parts::Directories { depth, numbers, .. } => {
                numbers.get(directory_of(&entry.path, entry.is_directory(), *depth)).copied()
            }
            Parts::Contents { numbers, .. } => {
                Some(place.and_then(|place| numbers.get(place)).copied().unwrap_or(0))
            }
        }
    }

    /// Gives each part its entries. Returns with them which files are in several parts.
    pub fn distribute(&self, files: Files) -> (Vec<Files>, Parted) {
        let mut work = Work { parts: self, all: Vec::new(), above: HashMap::new(), parted: None };
        work.all.resize_with(self.count(), Files::default);
        let Files { contents, others, .. } = files;
        for (place, Stored { file, nodes }) in contents {
            for Node { names } in nodes {
                work.node(&file, Some(&place), names);
            }
        }
        let mut directories: Vec<Found> = Vec::new();
        let mut links: Vec<Found> = Vec::new();
        // A hard link follows what it links to.
        for found in others {
            let is_link = matches!(found.entry.kind, Kind::HardLink { .. });
            if found.entry.is_directory() {
                directories.push(found);
            } else {
                if !is_link && !links.is_empty() {
                    work.others(std::mem::take(&mut links));
                }
                links.push(found);
            }
        }
        work.others(links);
        // What lies below a directory comes before it.
        directories.sort_by(|one, other| compare_paths(&other.entry.path, &one.entry.path));
        directories.into_iter().for_each(|found| work.directory(found));
        (work.all, work.parted)
    }
}

/// Returns the name of the directory whose part an entry is in: the one at `depth` below which
/// it lies or which it is, else the one in which it lies, or itself if it is one.
pub(super) fn directory_of(path: &[u8], is_directory: bool, depth: usize) -> &[u8] {
    let mut ends = memchr::memchr_iter(b'/', path);
    match (ends.clone().nth(depth - 1), is_directory) {
        (Some(end), _) => &path[..end],
        (None, true) => path,
        (None, false) => ends.next_back().map_or(&[], |end| &path[..end]),
    }
}

struct Work<'a> {
    parts: &'a Parts,
    all: Vec<Files>,
    /// The parts that have something below a directory, ascending.
    above: HashMap<Vec<u8>, Vec<usize>>,
    parted: Parted,
}

impl Work<'_> {
    /// Takes the names of one file. In each part the first of them is the file.
    fn node(&mut self, file: &Entry, place: Option<&Place>, names: Vec<Found>) {
        let Some(kind) = names.first().map(|first| first.entry.kind.clone()) else { return };
        let mut by_part: BTreeMap<usize, Vec<Found>> = BTreeMap::new();
        for mut found in names {
            let part = self.parts.of(&found.entry, place).unwrap_or(0);
            self.note_above(&found.entry.path, part);
            let names = by_part.entry(part).or_default();
            found.entry.kind = match names.first() {
                Some(first) => Kind::HardLink { target: first.entry.path.clone() },
                None => kind.clone(),
            };
            names.push(found);
        }
        if by_part.len() > 1 {
            let path = by_part.values().flatten().map(|found| &found.entry.path).min().cloned();
            match &mut self.parted {
                Some((_, more)) => *more += 1,
                None => self.parted = path.map(|path| (path, 0)),
            }
        }
        for (part, names) in by_part {
            let files = &mut self.all[part];
            files.entries += names.len() as u64;
            match place {
                Some(&place) => {
                    let stored = || Stored { file: file.clone(), nodes: Vec::new() };
                    let stored = files.contents.entry(place).or_insert_with(stored);
                    stored.nodes.push(Node { names });
                }
                None => files.others.extend(names),
            }
        }
    }

    /// Takes something without content, and the hard links to it.
    fn others(&mut self, names: Vec<Found>) {
        if let Some(first) = names.first().map(|first| first.entry.clone()) {
            self.node(&first, None, names);
        }
    }

    /// Takes a directory: it is in its part, and in all that have something below it.
    fn directory(&mut self, found: Found) {
        let mut parts = self.above.get(&found.entry.path).cloned().unwrap_or_default();
        if let Some(part) = self.parts.of(&found.entry, None)
            && (parts.is_empty() || !self.parts.are_numbered())
        {
            parts.push(part);
        }
        parts.sort_unstable();
        parts.dedup();
        for part in parts {
            self.note_above(&found.entry.path, part);
            self.all[part].entries += 1;
            self.all[part].others.push(found.clone());
        }
    }

    fn note_above(&mut self, path: &[u8], part: usize) {
        // From the nearest up: if one is known to this part, those above it are too.
        for end in memchr::memrchr_iter(b'/', path) {
            let parts = self.above.entry(path[..end].to_vec()).or_default();
            match parts.binary_search(&part) {
                Ok(_) => break,
                Err(place) => parts.insert(place, part),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_in_the_part_of_a_directory_at_the_depth_or_above() {
        let of = |path: &str, is_directory, depth| {
            String::from_utf8_lossy(directory_of(path.as_bytes(), is_directory, depth)).into_owned()
        };
        for (path, is_directory, depth, expected) in [
            ("a", true, 1, "a"),
            ("a/b", true, 1, "a"),
            ("a/b/c", false, 1, "a"),
            ("f", false, 1, ""),
            ("a/f", false, 2, "a"),
            ("f", false, 2, ""),
            ("a/b/f", false, 2, "a/b"),
            ("a/b", true, 2, "a/b"),
            ("a/b/c", true, 2, "a/b"),
            ("a", true, 2, "a"),
        ] {
            assert_eq!(of(path, is_directory, depth), expected, "{path} {depth}");
        }
    }
}
