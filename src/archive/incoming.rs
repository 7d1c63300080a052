//! Files on their way out of a stream of parts.

use super::extract::{ExtractOptions, ExtractSummary, file_error, restore_other};
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
}

/// A content that goes on in the next part.
struct Open {
    files: Vec<Announced>,
    /// Bytes still to come.
    left: u64,
}

/// A file whose content begins or goes on. Unselected ones stay in the list:
/// revoking counts them.
struct Announced {
    path: Vec<u8>,
    sink: Option<Sink<'static>>,
    bytes: u64,
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
        })
    }

    /// Reports a failure that does not end the operation.
    pub fn fail(&mut self, error: impl Into<ArchiveError>) {
        self.summary.fail(self.control, error);
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

    /// Takes a part with the bytes of its group, as far as they are wanted, or
    /// what is wrong with them.
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
                let digest = piece.digest.unwrap_or_default();
                files.into_iter().for_each(|file| self.complete(file, &digest));
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
        for (ordinal, file) in files.into_iter().enumerate() {
            if part.continued && part.revoked.binary_search(&(ordinal as u64)).is_ok() {
                self.seen.remove(&file.path);
            } else if fits {
                kept.push(file);
            } else {
                self.lose(file, Arc::new(ArchiveError::Missing));
            }
        }
        kept
    }

    /// Restores entries without content and starts files, by piece.
    fn announce(&mut self, part: &Part) -> Vec<Vec<Announced>> {
        let mut starting: Vec<Vec<Announced>> = Vec::new();
        starting.resize_with(part.pieces.len(), Vec::new);
        let mut pieces = part.file_pieces.iter();
        let mut stand_ins: HashMap<&[u8], Vec<u8>> = HashMap::new();
        let mut originals: HashMap<&[u8], (&Kind, Option<u64>, bool)> = HashMap::new();
        for entry in &part.entries {
            let is_file = matches!(entry.kind, Kind::File(_));
            let mut piece = if is_file { pieces.next().copied() } else { None };
            let selected = self.admits(entry);
            originals.insert(&entry.path, (&entry.kind, piece, selected));
            let mut entry = entry.clone();
            // A link whose file is not selected becomes the file.
            if let Kind::HardLink { target } = &entry.kind
                && let Some((&path, &(kind, at, false))) = originals.get_key_value(&target[..])
                && selected
            {
                match stand_ins.get(path) {
                    Some(stand_in) => entry.kind = Kind::HardLink { target: stand_in.clone() },
                    None => {
                        stand_ins.insert(path, entry.path.clone());
                        (entry.kind, piece) = (kind.clone(), at);
                    }
                }
            }
            match piece {
                Some(piece) => starting[piece as usize].push(self.start(&entry, selected)),
                None if selected => {
                    restore_other(&self.restorer, &entry, &mut self.summary, self.control);
                }
                None => {}
            }
        }
        starting
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

    fn start(&mut self, entry: &Entry, selected: bool) -> Announced {
        let mut announced = Announced { path: entry.path.clone(), sink: None, bytes: 0 };
        let Kind::File(content) = &entry.kind else { return announced };
        if !selected {
            return announced;
        }
        let (found, limit) = (self.output.saturating_add(content.size), self.limits.output_bytes);
        if found > limit {
            let field = "output bytes";
            self.fail(ArchiveError::Limit { field, found, limit });
            return announced;
        }
        self.output = found;
        match self.restorer.file(&entry.path, &entry.metadata, content.size) {
            Ok(Some(writer)) => {
                let segments = content.segments.as_deref();
                announced.sink = Some(Sink::new(Target::File(writer), content.size, segments));
            }
            Ok(None) => {}
            Err(error) => self.fail(error),
        }
        announced
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

    fn complete(&mut self, file: Announced, digest: &[u8; 32]) {
        let Announced { path, sink: Some(sink), bytes } = file else { return };
        match sink.finish(digest) {
            Ok(()) => {
                self.summary.entries += 1;
                self.summary.bytes += bytes;
                self.control.events.event(Event::Entry { path: &path });
            }
            Err(error) => self.fail(file_error(&path, Arc::new(error))),
        }
    }

    fn lose(&mut self, file: Announced, cause: Arc<ArchiveError>) {
        if file.sink.is_some() {
            self.fail(file_error(&file.path, cause));
        }
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
    /// whole stream was seen.
    pub fn finish(mut self, whole: bool) -> Result<ExtractSummary, ArchiveError> {
        for file in self.open.take().into_iter().flat_map(|open| open.files) {
            self.lose(file, Arc::new(ArchiveError::Missing));
        }
        for error in self.restorer.finish() {
            self.summary.fail(self.control, error);
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
