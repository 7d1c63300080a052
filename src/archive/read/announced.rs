//! Handles what parts announce: files that begin, links to them, entries without content.

use super::incoming::Incoming;
use super::links::StandIns;
use super::sink::{FileSink, Target};
use crate::archive::ArchiveError;
use crate::archive::memory::{restored_memory, seen_memory};
use crate::container::{Batch, Part, allocation};
use crate::entry::{Content, Entry, FileDigest, Kind, range_below};
use crate::tree::ContentKey;
use std::collections::HashMap;

/// A file whose content begins or goes on. Unselected ones are kept while the
/// content is open: revoking counts them.
pub(super) struct Announced<'a> {
    pub path: Vec<u8>,
    /// Position among the files announced with this content; a link that
    /// stands in for a file has the file's.
    pub ordinal: u64,
    pub sink: Option<FileSink<'a>>,
    pub bytes: u64,
    /// Where its content begins: the Sequence of the ENTRY section, and the row.
    pub content: ContentKey,
    /// The first damaged group it has bytes in.
    pub doubt: Option<u64>,
    /// Whether bytes are lost.
    pub lost: bool,
    /// Selected hard links, to be made once the file is there.
    pub links: Vec<Entry>,
    /// Paths of all hard links.
    pub names: Vec<Vec<u8>>,
    /// Bytes of memory charged for it until it ends.
    pub memory: u64,
}

/// What the entries of one part announce.
#[derive(Default)]
struct Announcements<'p, 'a> {
    /// Files, by row.
    files: Vec<Vec<Announced<'a>>>,
    /// How many of them are no stand-ins, by row.
    ordinals: Vec<u64>,
    /// Row and position there of every file, by path.
    places: HashMap<&'p [u8], (usize, usize)>,
    /// What hard links of this part may link to, and whether it was selected.
    targets: HashMap<&'p [u8], (&'p Entry, bool)>,
    stand_ins: StandIns<'p>,
}

impl<'p, 'a> Announcements<'p, 'a> {
    /// Adds a file; a stand-in has the ordinal of its file.
    fn add(
        &mut self,
        row: usize,
        path: &'p [u8],
        stands_in: Option<u64>,
        sink: Option<FileSink<'a>>,
        section: u64,
    ) {
        let content = (section, row as u64);
        let ordinal = stands_in.unwrap_or(self.ordinals[row]);
        self.ordinals[row] += stands_in.is_none() as u64;
        self.places.insert(path, (row, self.files[row].len()));
        let (links, names) = (Vec::new(), Vec::new());
        let held = sink.as_ref().map_or(0, FileSink::memory) + size_of::<Announced>() as u64;
        let memory = held + 2 * allocation(path.len() as u64);
        self.files[row].push(Announced {
            path: path.to_vec(),
            ordinal,
            sink,
            bytes: 0,
            content,
            doubt: None,
            lost: false,
            links,
            names,
            memory,
        });
    }

    /// The file of this path.
    fn file(&mut self, path: &[u8]) -> Option<(usize, &mut Announced<'a>)> {
        let &(row, index) = self.places.get(path)?;
        Some((row, &mut self.files[row][index]))
    }
}

impl<'a> Incoming<'a> {
    /// Returns, for each of the `rows` of a part, whether a selected file starts with it.
    pub fn selects(&self, part: &Part, rows: usize) -> Vec<bool> {
        let mut selected = vec![false; rows];
        let mut numbers = part.file_rows.iter();
        let mut row_of: HashMap<&[u8], u64> = HashMap::new();
        for entry in &part.entries {
            let row = match &entry.kind {
                Kind::File(_) => numbers.next().copied(),
                Kind::HardLink { target } => row_of.get(&target[..]).copied(),
                _ => None,
            };
            let Some(row) = row else { continue };
            row_of.insert(&entry.path, row);
            if self.selection.has(&entry.path) {
                selected[row as usize] = true;
            }
        }
        selected
    }

    /// Restores entries without content and starts files; returns the files by row.
    pub(super) fn announce(&mut self, part: &Part, batch: &Batch) -> Vec<Vec<Announced<'a>>> {
        part.removed.iter().for_each(|path| self.remove(path));
        let rows = batch.rows.len();
        let mut all = Announcements::default();
        all.files.resize_with(rows, Vec::new);
        all.ordinals.resize(rows, 0);
        let mut numbers = part.file_rows.iter();
        for entry in &part.entries {
            let selected = self.admits(entry);
            if let Kind::HardLink { target } = &entry.kind {
                self.announce_link(entry, target, selected, &mut all);
                continue;
            }
            all.targets.insert(&entry.path, (entry, selected));
            match (&entry.kind, numbers.as_slice().first()) {
                (Kind::File(_), Some(&row)) => {
                    numbers.next();
                    let sink = match (selected, &batch.rows[row as usize].again) {
                        (false, _) => None,
                        (true, None) => self.start(entry, (self.section, row)),
                        (true, Some(again)) => {
                            self.start_again(entry, **again);
                            None
                        }
                    };
                    all.add(row as usize, &entry.path, None, sink, self.section);
                }
                _ if selected => self.restore_other(entry),
                _ => {}
            }
        }
        self.charge(all.files.iter().flatten().map(|file| file.memory).sum());
        all.files
    }

    /// Announces a hard link: it waits for its file, or becomes the file if
    /// that is not selected.
    fn announce_link<'p>(
        &mut self,
        link: &'p Entry,
        target: &[u8],
        selected: bool,
        all: &mut Announcements<'p, 'a>,
    ) {
        let file = all.file(target).map(|(row, file)| {
            file.names.push(link.path.clone());
            (row, file.ordinal)
        });
        // The container checked that the target stands earlier in the table.
        let Some(&(original, original_selected)) = all.targets.get(target).filter(|_| selected)
        else {
            return;
        };
        let mut entry = link.clone();
        if self.outlet.as_ref().is_some_and(|outlet| outlet.links_are_files()) {
            entry.kind = original.kind.clone();
        } else if !original_selected {
            entry.kind = all.stand_ins.resolve(link, original);
        }
        match (&entry.kind, file) {
            (Kind::File(_), Some((row, ordinal))) => {
                let sink = self.start(&entry, (self.section, row as u64));
                all.add(row, &link.path, Some(ordinal), sink, self.section);
            }
            (Kind::HardLink { target }, _) => match all.file(target) {
                Some((_, file)) => file.links.push(entry),
                None => self.restore_other(&entry),
            },
            _ => self.restore_other(&entry),
        }
    }

    /// Returns whether to restore an entry: it is selected and its path is new.
    fn admits(&mut self, entry: &Entry) -> bool {
        let selected = self.selection.take(&entry.path);
        if let Err(error) = self.check_path(entry) {
            self.fail(error);
            return false;
        }
        self.see(entry);
        let restored = selected && self.restorer.is_some();
        self.charge(seen_memory(&entry.path) + if restored { restored_memory(entry) } else { 0 });
        selected
    }

    /// Checks that a path is new, and that nothing is below what is not a directory.
    fn check_path(&self, entry: &Entry) -> Result<(), ArchiveError> {
        let (path, limit) = (entry.path.clone(), self.limits.entries);
        if self.seen.len() as u64 >= limit {
            return Err(ArchiveError::Limit { field: "entries", found: limit + 1, limit });
        }
        if self.seen.get(&path).is_some_and(|seen| u64::from(seen.generation) == self.generation) {
            return Err(ArchiveError::Repeated { path });
        }
        // What is above or below may still be replaced in this generation.
        match self.generation {
            0 => self.check_around(&path, entry.is_directory()),
            _ => Ok(()),
        }
    }

    /// Checks that nothing is below what is not a directory.
    pub(super) fn check_around(&self, path: &[u8], directory: bool) -> Result<(), ArchiveError> {
        let path = path.to_vec();
        let slashes = memchr::memchr_iter(b'/', &path);
        let mut above = slashes.map(|end| self.seen.get(&path[..end]));
        if above.any(|seen| seen.is_some_and(|seen| !seen.directory)) {
            return Err(ArchiveError::BelowFile { path });
        }
        match range_below(&self.seen, &path).next().is_some() && !directory {
            true => Err(ArchiveError::BelowFile { path }),
            false => Ok(()),
        }
    }

    /// Starts a file; `None` if it is skipped or fails, which is reported.
    fn start(&mut self, entry: &Entry, key: ContentKey) -> Option<FileSink<'a>> {
        let Kind::File(content) = &entry.kind else { return None };
        let made = content.recipes.iter().map(|recipe| recipe.outputs()).sum();
        let found = self.output.saturating_add(content.size.max(made));
        let (field, limit) = ("output bytes", self.limits.output_bytes);
        if let Some(outlet) = &mut self.outlet {
            let target = match outlet.file(entry) {
                Ok(target) => target?,
                Err(error) => {
                    self.fail(error);
                    return None;
                }
            };
            if found > limit {
                self.fail(ArchiveError::Limit { field, found, limit });
                return None;
            }
            self.output = found;
            return Some(self.sink(target, content));
        }
        let Some(restorer) = &self.restorer else {
            return Some(self.sink(Target::Nowhere, content));
        };
        if found > limit {
            self.fail(ArchiveError::Limit { field, found, limit });
            return None;
        }
        self.output = found;
        match restorer.file(&entry.path, &entry.metadata, content.size) {
            Ok(writer) => writer.map(|writer| {
                let writer = writer.of_content(key);
                self.sink(Target::File(Box::new(writer)), content)
            }),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Makes the sink of a file. Only one with a digest of its own is hashed: the others are
    /// proven by the digests of their spans.
    fn sink(&self, target: Target<'a>, content: &Content) -> FileSink<'a> {
        let digest = match content.digest {
            // A file that is made is compared when it is.
            FileDigest::File(digest) if !content.is_made() => Some(digest),
            _ => None,
        };
        let (segments, cancel) = (content.segments.as_deref(), self.control.cancel);
        let sink = FileSink::new(target, content.size, segments, digest, cancel);
        // That of a file which goes on comes with its end.
        if content.digest == FileDigest::Unknown { sink.hashing() } else { sink }
    }
}
