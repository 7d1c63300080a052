//! Handles what parts announce: files that begin, links to them, entries without content.

use super::incoming::Incoming;
use super::links::StandIns;
use super::sink::{FileSink, Target};
use crate::archive::ArchiveError;
use crate::archive::memory::{restored_memory, seen_memory};
use crate::container::Part;
use crate::entry::{Entry, Kind};
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
    /// The first damaged group it has bytes in.
    pub doubt: Option<u64>,
    /// Whether bytes are lost.
    pub lost: bool,
    /// Selected hard links, to be made once the file is there.
    pub links: Vec<Entry>,
    /// Paths of all hard links.
    pub names: Vec<Vec<u8>>,
}

/// What the entries of one part announce.
#[derive(Default)]
struct Announcements<'p, 'a> {
    /// Files, by piece.
    files: Vec<Vec<Announced<'a>>>,
    /// How many of them are no stand-ins, by piece.
    ordinals: Vec<u64>,
    /// Piece and position there of every file, by path.
    places: HashMap<&'p [u8], (usize, usize)>,
    /// What hard links of this part may link to, and whether it was selected.
    targets: HashMap<&'p [u8], (&'p Entry, bool)>,
    stand_ins: StandIns<'p>,
}

impl<'p, 'a> Announcements<'p, 'a> {
    /// Adds a file; a stand-in has the ordinal of its file.
    fn add(
        &mut self,
        piece: usize,
        path: &'p [u8],
        stands_in: Option<u64>,
        sink: Option<FileSink<'a>>,
    ) {
        let ordinal = stands_in.unwrap_or(self.ordinals[piece]);
        self.ordinals[piece] += stands_in.is_none() as u64;
        self.places.insert(path, (piece, self.files[piece].len()));
        let (links, names) = (Vec::new(), Vec::new());
        self.files[piece].push(Announced {
            path: path.to_vec(),
            ordinal,
            sink,
            bytes: 0,
            doubt: None,
            lost: false,
            links,
            names,
        });
    }

    /// The file of this path.
    fn file(&mut self, path: &[u8]) -> Option<(usize, &mut Announced<'a>)> {
        let &(piece, index) = self.places.get(path)?;
        Some((piece, &mut self.files[piece][index]))
    }
}

impl<'a> Incoming<'a> {
    /// Returns, for every piece of a part, whether a selected file starts with it.
    pub fn selects(&self, part: &Part) -> Vec<bool> {
        let mut selected = vec![false; part.pieces.len()];
        let mut pieces = part.file_pieces.iter();
        let mut piece_of: HashMap<&[u8], u64> = HashMap::new();
        for entry in &part.entries {
            let piece = match &entry.kind {
                Kind::File(_) => pieces.next().copied(),
                Kind::HardLink { target } => piece_of.get(&target[..]).copied(),
                _ => None,
            };
            let Some(piece) = piece else { continue };
            piece_of.insert(&entry.path, piece);
            if self.selection.has(&entry.path) {
                selected[piece as usize] = true;
            }
        }
        selected
    }

    /// Restores entries without content and starts files; returns the files by piece.
    pub(super) fn announce(&mut self, part: &Part) -> Vec<Vec<Announced<'a>>> {
        let mut all = Announcements::default();
        all.files.resize_with(part.pieces.len(), Vec::new);
        all.ordinals.resize(part.pieces.len(), 0);
        let mut pieces = part.file_pieces.iter();
        for entry in &part.entries {
            let selected = self.admits(entry);
            if let Kind::HardLink { target } = &entry.kind {
                self.announce_link(entry, target, selected, &mut all);
                continue;
            }
            all.targets.insert(&entry.path, (entry, selected));
            match (&entry.kind, pieces.as_slice().first()) {
                (Kind::File(_), Some(&piece)) => {
                    pieces.next();
                    let sink = if selected { self.start(entry) } else { None };
                    all.add(piece as usize, &entry.path, None, sink);
                }
                _ if selected => self.restore_other(entry),
                _ => {}
            }
        }
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
        let file = all.file(target).map(|(piece, file)| {
            file.names.push(link.path.clone());
            (piece, file.ordinal)
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
            (Kind::File(_), Some((piece, ordinal))) => {
                let sink = self.start(&entry);
                all.add(piece, &link.path, Some(ordinal), sink);
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
        let over = self.seen.len() as u64 >= self.limits.entries;
        if over || !self.seen.insert(entry.path.clone()) {
            let (path, limit) = (entry.path.clone(), self.limits.entries);
            self.fail(match over {
                true => ArchiveError::Limit { field: "entries", found: limit + 1, limit },
                false => ArchiveError::Repeated { path },
            });
            return false;
        }
        let restored = selected && self.restorer.is_some();
        self.charge(seen_memory(&entry.path) + if restored { restored_memory(entry) } else { 0 });
        selected
    }

    /// Starts a file; `None` if it is skipped or fails, which is reported.
    fn start(&mut self, entry: &Entry) -> Option<FileSink<'a>> {
        let Kind::File(content) = &entry.kind else { return None };
        let found = self.output.saturating_add(content.size);
        let (field, limit) = ("output bytes", self.limits.output_bytes);
        let segments = content.segments.as_deref();
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
            let sink = FileSink::new(target, content.size, segments, None);
            return Some(sink.hashing(self.control.cancel));
        }
        let Some(restorer) = &self.restorer else {
            let sink = FileSink::new(Target::Nowhere, content.size, segments, None);
            return Some(sink.hashing(self.control.cancel));
        };
        if found > limit {
            self.fail(ArchiveError::Limit { field, found, limit });
            return None;
        }
        self.output = found;
        match restorer.file(&entry.path, &entry.metadata, content.size) {
            Ok(writer) => writer.map(|writer| {
                let sink =
                    FileSink::new(Target::File(Box::new(writer)), content.size, segments, None);
                // Hashing a hole can take hours, and few files come to need it.
                if segments.is_none() { sink.hashing(self.control.cancel) } else { sink }
            }),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }
}
