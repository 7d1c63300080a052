//! The contents of an archive according to its ENTRY sections alone. Normative text:
//! spec/container.md §10.

use super::limits::check;
use super::{ContainerError, Limits, NO_GROUP, Part, Piece, allocation, entry_memory};
use crate::entry::{Entry, Extent, Kind, compare_paths};
use std::collections::HashMap;

/// The entries that ENTRY sections announce, in the order of the sections.
#[derive(Debug)]
pub struct Catalog {
    /// Bytes of memory that it uses, and may use.
    memory: (u64, u64),
    entries: Vec<Announced>,
    /// Rows of `entries`, by path; rows of revoked entries are removed.
    rows: HashMap<Vec<u8>, usize>,
    /// The content that the last part left open.
    open: Option<Open>,
}

#[derive(Debug)]
struct Announced {
    entry: Entry,
    /// Whether it was revoked, or its rest was not found.
    lost: bool,
}

#[derive(Debug)]
struct Open {
    /// Rows of the files, in the order of their paths.
    files: Vec<usize>,
    /// Rows of the hard links to each of them.
    links: Vec<Vec<usize>>,
    /// Bytes still to come.
    left: u64,
}

/// Returns the bytes of memory that an entry takes here: its row, its first extent, its path
/// once more, and the spare capacity of such lists.
fn memory_of(entry: &Entry) -> u64 {
    let row = 2 * (size_of::<Announced>() + size_of::<(Vec<u8>, usize)>()) as u64;
    let extent = allocation(size_of::<Extent>() as u64);
    entry_memory(entry) + row + extent + allocation(entry.path.len() as u64)
}

impl Catalog {
    /// Makes an empty catalog that may use `memory` bytes.
    pub fn new(memory: u64) -> Catalog {
        let (entries, rows, open) = Default::default();
        Catalog { memory: (0, memory), entries, rows, open }
    }

    /// Returns the memory that it uses, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory.0
    }

    /// Adds the entries and pieces of a part of `group`.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`] if that does not fit into the allowed memory; nothing
    /// is added then.
    pub fn take(&mut self, part: Part, group: u64, limits: &Limits) -> Result<(), ContainerError> {
        // Each file that goes on gets an extent, in a list with room for as many again.
        let going_on = self.open.as_ref().map_or(0, |open| open.files.len() as u64);
        let extents = going_on * 2 * size_of::<Extent>() as u64;
        let needed = part.entries.iter().map(memory_of).fold(extents, u64::saturating_add);
        let needed = needed.saturating_add(self.memory.0);
        check("memory", needed, self.memory.1)?;
        self.memory.0 = needed;
        // A part of no group that continues nothing may come in the middle of a file.
        if group != NO_GROUP || part.continued {
            self.go_on(&part, group);
        }
        let following = part.following;
        let open = self.announce(part, group, limits);
        // A part of one piece that goes on was opened again above.
        if following > 0 && !open.files.is_empty() {
            let before = self.open.replace(open);
            for row in before.into_iter().flat_map(|open| open.files) {
                self.entries[row].lost = true;
            }
        }
        Ok(())
    }

    /// Adds the entries of a part; returns those whose content goes on in the next.
    fn announce(&mut self, part: Part, group: u64, limits: &Limits) -> Open {
        let last = part.pieces.len().wrapping_sub(1) as u64;
        let mut open = Open { files: Vec::new(), links: Vec::new(), left: part.following };
        let starts = starts(&part.pieces);
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut pieces = part.file_pieces.iter();
        for mut entry in part.entries {
            let mut number = None;
            if let Kind::File(content) = &mut entry.kind
                && let Some(&piece) = pieces.next()
            {
                number = Some(piece);
                let (offset, length) = (starts[piece as usize], part.pieces[piece as usize].length);
                if length > 0 {
                    content.extents = vec![Extent { group, offset, length }];
                }
            }
            let target = match &entry.kind {
                Kind::HardLink { target } => self.rows.get(target).copied(),
                _ => None,
            };
            let Some(row) = self.add(entry, limits) else { continue };
            if part.following > 0 && number == Some(last) {
                places.insert(row, open.files.len());
                open.files.push(row);
                open.links.push(Vec::new());
            }
            if let Some(place) = target.and_then(|target| places.get(&target)) {
                open.links[*place].push(row);
            }
        }
        open
    }

    /// Adds an entry; returns `None` if its path is taken or there are too many.
    fn add(&mut self, entry: Entry, limits: &Limits) -> Option<usize> {
        let row = self.entries.len();
        if row as u64 >= limits.entries || self.rows.contains_key(&entry.path) {
            return None;
        }
        self.rows.insert(entry.path.clone(), row);
        self.entries.push(Announced { entry, lost: false });
        Some(row)
    }

    /// Continues the content left open, without the files that the part revokes.
    fn go_on(&mut self, part: &Part, group: u64) {
        let Some(open) = self.open.take() else { return };
        let length = part.pieces.first().map_or(0, |piece| piece.length);
        let rest = if part.pieces.len() == 1 { part.following } else { 0 };
        let fits = part.continued && length.checked_add(rest) == Some(open.left);
        let mut kept = Open { files: Vec::new(), links: Vec::new(), left: rest };
        for (ordinal, (row, links)) in open.files.into_iter().zip(open.links).enumerate() {
            if part.continued && part.revoked.binary_search(&(ordinal as u64)).is_ok() {
                for row in links.into_iter().chain([row]) {
                    self.entries[row].lost = true;
                    self.rows.remove(&self.entries[row].entry.path);
                }
                continue;
            }
            self.entries[row].lost |= !fits;
            if let Kind::File(content) = &mut self.entries[row].entry.kind
                && fits
                && length > 0
            {
                content.extents.push(Extent { group, offset: 0, length });
            }
            kept.files.push(row);
            kept.links.push(links);
        }
        if fits && rest > 0 {
            self.open = Some(kept);
        }
    }

    /// Returns all completely announced entries, in the order of the paths, and the
    /// number of incomplete ones. Entries below something that is not a directory are
    /// left out.
    pub fn finish(mut self) -> (Vec<Entry>, u64) {
        for row in self.open.take().into_iter().flat_map(|open| open.files) {
            self.entries[row].lost = true;
        }
        // Revoked entries no longer have a row.
        let cut = self.rows.values().filter(|&&row| self.entries[row].lost).count() as u64;
        let mut entries: Vec<Entry> =
            self.entries.into_iter().filter(|one| !one.lost).map(|one| one.entry).collect();
        entries.sort_by(|left, right| compare_paths(&left.path, &right.path));
        let mut above: Option<Vec<u8>> = None;
        entries.retain(|entry| {
            let below = above.as_ref().is_some_and(|above| {
                entry.path.starts_with(above) && entry.path.get(above.len()) == Some(&b'/')
            });
            if !below {
                above = (entry.kind != Kind::Directory).then(|| entry.path.clone());
            }
            !below
        });
        let known = |path: &[u8]| {
            entries.binary_search_by(|entry| compare_paths(&entry.path, path)).is_ok()
        };
        let links: Vec<bool> = entries
            .iter()
            .map(|entry| match &entry.kind {
                Kind::HardLink { target } => known(target),
                _ => true,
            })
            .collect();
        let mut links = links.into_iter();
        entries.retain(|_| links.next().unwrap_or(false));
        (entries, cut)
    }
}

/// Where each piece starts in its group.
fn starts(pieces: &[Piece]) -> Vec<u64> {
    let mut end = 0u64;
    let next = |piece: &Piece| {
        let start = end;
        end = end.saturating_add(piece.length);
        start
    };
    pieces.iter().map(next).collect()
}
