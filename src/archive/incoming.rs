//! Files on their way out of a stream of parts.

use super::extract::{ExtractOptions, ExtractSummary, end, file_error, restore_other};
use super::links::StandIns;
use super::sink::{Sink, Target};
use super::{ArchiveError, Control, Event, Limits};
use crate::container::Part;
use crate::entry::{Entry, Kind};
use crate::tree::Restorer;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// Restores what parts announce, piece by piece.
pub(super) struct Incoming<'a> {
    options: &'a ExtractOptions,
    control: &'a Control<'a>,
    restorer: Restorer,
    pub(super) summary: ExtractSummary,
    /// The content the last part left open.
    open: Option<Open>,
    /// Paths announced and not revoked: a second announcement is refused.
    seen: HashSet<Vec<u8>>,
    used: Vec<bool>,
    limits: &'a Limits,
    output: u64,
    /// Why no further entry can be restored.
    refused: Option<ArchiveError>,
}

/// A content that goes on in the next part.
struct Open {
    files: Vec<Announced>,
    /// Bytes still to come.
    left: u64,
}

/// A file whose content begins or goes on. Unselected ones are kept while the
/// content is open: revoking counts them.
struct Announced {
    path: Vec<u8>,
    /// Position among the files announced with this content; a link that
    /// stands in for a file has the file's.
    ordinal: u64,
    sink: Option<Sink<'static>>,
    bytes: u64,
    /// Selected hard links, to be made once the file is there.
    links: Vec<Entry>,
    /// Paths of all hard links.
    names: Vec<Vec<u8>>,
}

/// What the entries of one part announce.
#[derive(Default)]
struct Announcements<'p> {
    /// Files, by piece.
    files: Vec<Vec<Announced>>,
    /// How many of them are no stand-ins, by piece.
    ordinals: Vec<u64>,
    /// Piece and position there of every file, by path.
    places: HashMap<&'p [u8], (usize, usize)>,
    /// What hard links of this part may link to, and whether it was selected.
    targets: HashMap<&'p [u8], (&'p Entry, bool)>,
    stand_ins: StandIns<'p>,
}

impl<'p> Announcements<'p> {
    /// Adds a file; a stand-in has the ordinal of its file.
    fn add(
        &mut self,
        piece: usize,
        path: &'p [u8],
        stands_in: Option<u64>,
        sink: Option<Sink<'static>>,
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
            links,
            names,
        });
    }

    /// The file of this path.
    fn file(&mut self, path: &[u8]) -> Option<(usize, &mut Announced)> {
        let &(piece, index) = self.places.get(path)?;
        Some((piece, &mut self.files[piece][index]))
    }
}

impl<'a> Incoming<'a> {
    pub fn new(
        destination: &Path,
        options: &'a ExtractOptions,
        limits: &'a Limits,
        control: &'a Control<'a>,
    ) -> Result<Self, ArchiveError> {
        Ok(Incoming {
            options,
            control,
            restorer: Restorer::new(destination, options.restore.clone())?,
            summary: ExtractSummary::default(),
            open: None,
            seen: HashSet::new(),
            used: vec![options.patterns.is_empty(); options.patterns.len()],
            limits,
            output: 0,
            refused: None,
        })
    }

    /// Reports a failure that does not end the operation.
    pub fn fail(&mut self, error: impl Into<ArchiveError>) {
        if self.refused.is_none() {
            self.refused = self.summary.fail_or_end(self.control, error).err();
        }
    }

    /// Fails if the system refused what every further entry needs.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`].
    pub fn check(&mut self) -> Result<(), ArchiveError> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// For every piece of a part, whether a selected file starts with it.
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
            if self.is_selected(entry) {
                selected[piece as usize] = true;
            }
        }
        selected
    }

    /// Takes a part with the bytes of its group, checked against their digest,
    /// or what is wrong with them. No bytes if no selected file is among them.
    pub fn take(&mut self, part: Part, data: Result<Vec<u8>, Arc<ArchiveError>>) {
        let mut starting = self.announce(&part);
        let mut current = self.continued(&part);
        let mut offset = 0;
        let last = part.pieces.len().wrapping_sub(1);
        for (number, piece) in part.pieces.iter().enumerate() {
            let mut files = std::mem::take(&mut starting[number]);
            if number == 0 {
                files.append(&mut current);
            }
            let end = offset + piece.length as usize;
            for file in &mut files {
                let bytes = match &data {
                    Ok(raw) => raw.get(offset..end).ok_or_else(|| Arc::new(ArchiveError::Missing)),
                    Err(cause) => Err(Arc::clone(cause)),
                };
                self.write(file, bytes);
            }
            offset = end;
            if number == last && part.following > 0 {
                self.open = Some(Open { files, left: part.following });
            } else {
                files.into_iter().for_each(|file| self.complete(file));
            }
        }
    }

    /// The files the part goes on with: those left open, less the revoked.
    fn continued(&mut self, part: &Part) -> Vec<Announced> {
        let Some(Open { files, left }) = self.open.take() else { return Vec::new() };
        let first = part.pieces.first().map_or(0, |piece| piece.length);
        let rest = if part.pieces.len() == 1 { part.following } else { 0 };
        let fits = part.continued && first.checked_add(rest) == Some(left);
        let mut kept = Vec::new();
        for file in files {
            if part.continued && part.revoked.binary_search(&file.ordinal).is_ok() {
                // These names may be announced again.
                for name in file.names.iter().chain([&file.path]) {
                    self.seen.remove(name);
                }
            } else if fits {
                kept.push(file);
            } else {
                self.lose(file);
            }
        }
        kept
    }

    /// Restores entries without content and starts files; gives them by piece.
    fn announce(&mut self, part: &Part) -> Vec<Vec<Announced>> {
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
        all: &mut Announcements<'p>,
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
        if !original_selected {
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

    fn restore_other(&mut self, entry: &Entry) {
        if self.refused.is_none() {
            let restored = restore_other(&self.restorer, entry, &mut self.summary, self.control);
            self.refused = restored.err();
        }
    }

    fn is_selected(&self, entry: &Entry) -> bool {
        let patterns = &self.options.patterns;
        patterns.is_empty() || patterns.matching(&entry.path).next().is_some()
    }

    /// Whether to restore an entry: it is selected and its path is new.
    fn admits(&mut self, entry: &Entry) -> bool {
        let mut selected = self.options.patterns.is_empty();
        for pattern in self.options.patterns.matching(&entry.path) {
            (self.used[pattern], selected) = (true, true);
        }
        let over = self.seen.len() as u64 >= self.limits.entries;
        if over || !self.seen.insert(entry.path.clone()) {
            let (path, limit) = (entry.path.clone(), self.limits.entries);
            self.fail(match over {
                true => ArchiveError::Limit { field: "entries", found: limit + 1, limit },
                false => ArchiveError::Repeated { path },
            });
            return false;
        }
        selected
    }

    /// Starts a file; `None` if it is skipped or fails, which is reported.
    fn start(&mut self, entry: &Entry) -> Option<Sink<'static>> {
        let Kind::File(content) = &entry.kind else { return None };
        let found = self.output.saturating_add(content.size);
        let (field, limit) = ("output bytes", self.limits.output_bytes);
        if found > limit {
            self.fail(ArchiveError::Limit { field, found, limit });
            return None;
        }
        self.output = found;
        match self.restorer.file(&entry.path, &entry.metadata, content.size) {
            Ok(writer) => {
                let segments = content.segments.as_deref();
                writer.map(|writer| {
                    Sink::new(Target::File(Box::new(writer)), content.size, segments, None)
                })
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    fn write(&mut self, file: &mut Announced, bytes: Result<&[u8], Arc<ArchiveError>>) {
        let Some(sink) = &mut file.sink else { return };
        let written = bytes.and_then(|bytes| {
            file.bytes += bytes.len() as u64;
            sink.write(bytes).map_err(Arc::new)
        });
        if let Err(cause) = written {
            file.sink = None;
            self.fail(file_error(&file.path, cause));
        }
    }

    /// Ends a file and makes the hard links to it. If it is not there, the
    /// restorer says so of each link.
    fn complete(&mut self, file: Announced) {
        let Announced { path, sink, bytes, links, .. } = file;
        match sink.map(|sink| sink.finish()) {
            Some(Ok(())) => {
                self.summary.entries += 1;
                self.summary.bytes += bytes;
                self.control.events.event(Event::Entry { path: &path });
            }
            Some(Err(error)) => self.fail(file_error(&path, Arc::new(error))),
            None => {}
        }
        links.iter().for_each(|link| self.restore_other(link));
    }

    /// Gives up a file whose rest will not come.
    fn lose(&mut self, file: Announced) {
        if file.sink.is_some() {
            self.fail(file_error(&file.path, Arc::new(ArchiveError::Missing)));
        }
        file.links.iter().for_each(|link| self.restore_other(link));
    }

    /// Reports every selected entry of the index that was never announced.
    pub fn check_complete(&mut self, index: &[Entry]) {
        for entry in index {
            if !self.seen.contains(&entry.path) && self.is_selected(entry) {
                self.fail(file_error(&entry.path, Arc::new(ArchiveError::Missing)));
            }
        }
    }

    /// Ends the extraction: files left open are lost, links are made,
    /// directories get their modes and times.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selected nothing, if the
    /// whole stream was seen; [`ArchiveError::Tree`] if what was restored could
    /// not be written to the disk.
    pub fn finish(mut self, whole: bool) -> Result<ExtractSummary, ArchiveError> {
        for file in self.open.take().into_iter().flat_map(|open| open.files) {
            self.lose(file);
        }
        let refused = self.check();
        let ended = end(&self.restorer, whole, &mut self.summary, self.control);
        refused.and(ended)?;
        if whole {
            self.restorer.sync()?;
        }
        match self.used.iter().position(|used| !used).filter(|_| whole) {
            Some(index) => {
                let pattern = self.options.patterns.given(index).to_vec();
                Err(ArchiveError::NotFound { pattern })
            }
            None => Ok(self.summary),
        }
    }
}
