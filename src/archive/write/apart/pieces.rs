//! Files that are taken apart in pieces, since what is in them is longer than a batch.
//!
//! Each piece is a batch of its own. While one file is taken apart in this way no other is read:
//! sections between its pieces would be refused.

use super::cut::Cutter;
use super::{Apart, KINDS, Taken, announce, put};
use crate::archive::write::announce::PartBuilder;
use crate::archive::write::pack::{Filled, Start};
use crate::archive::write::plan::{ContentPlan, read_full};
use crate::archive::write::source::OpenSource;
use crate::checksum::Hasher;
use crate::container::Row;
use crate::recipe::Midway;
use std::collections::VecDeque;
use std::sync::Arc;

/// Files longer than a window, and those whose streams are longer than a batch.
#[derive(Default)]
pub(super) struct Pieces {
    /// Whether a file that is longer than a window is being taken apart.
    has_long: bool,
    /// The file that was begun.
    open: Option<Open>,
    /// What was taken apart meanwhile.
    pub later: VecDeque<(ContentPlan, Option<Taken>)>,
}

/// The rest of a file that is longer than a window.
pub struct Unread {
    source: OpenSource,
    left: u64,
}

/// A file of which the first piece was laid out.
struct Open {
    /// Taken while a worker has the next piece.
    plan: Option<ContentPlan>,
    /// Bytes that were read, but are in no piece.
    rest: Vec<u8>,
    /// Set if the last piece ends in a stream.
    midway: Option<Midway>,
    unread: Option<Unread>,
    /// Bytes of the file that are in no piece.
    following: u64,
    /// Of all pieces.
    hasher: Hasher,
}

/// Bytes of a file that were read.
pub(super) struct Read {
    pub bytes: Vec<u8>,
    /// What follows.
    pub unread: Option<Unread>,
    /// Of what came before.
    pub hasher: Hasher,
    /// Set if that ends in a stream.
    pub midway: Option<Midway>,
}

impl Pieces {
    /// Whether a file was begun that is not at its end.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Returns the bytes that are held.
    pub fn held(&self) -> u64 {
        let later = self.later.iter().filter_map(|(_, taken)| taken.as_ref());
        let later = later.map(|taken| taken.length()).sum::<u64>();
        later + self.open.as_ref().map_or(0, |open| open.rest.len() as u64)
    }

    /// Returns whether nothing can be read before a result comes, of which some are under way or
    /// not.
    pub fn waits(&self, under_way: bool) -> bool {
        match &self.open {
            Some(open) => open.plan.is_none(),
            None => self.has_long && under_way,
        }
    }

    /// Reads the front of a file; `None` if it cannot be read, has holes, or is not what was
    /// found: then it is read again when its turn comes among the others, and that is reported.
    pub fn begin(&mut self, plan: &ContentPlan, window: u64) -> Option<Read> {
        let source = plan.nodes.first()?.names.first()?.source.as_ref()?;
        let open = source.open().ok()?;
        let size = source.size();
        let is_found = open.is_same()
            && open.new_metadata().is_ok_and(|new| new.is_none())
            && open.segments().is_none()
            && (open.size(), open.data_length()) == (size, size);
        if !is_found {
            return None;
        }
        let unread = Some(Unread { source: open, left: size });
        let (hasher, mut bytes) = (Hasher::new(), Vec::new());
        let unread = read(unread, &mut bytes, window)?;
        self.has_long |= unread.is_some();
        Some(Read { bytes, unread, hasher, midway: None })
    }

    /// Says that no result is under way.
    pub fn settled(&mut self) {
        self.has_long = false;
    }

    /// Reads more of the file that was begun; `None` without one. The inner one is `None` if the
    /// file is not what was found.
    pub fn next(&mut self, window: u64) -> Option<(ContentPlan, Option<Read>)> {
        let open = self.open.as_mut()?;
        let plan = open.plan.take()?;
        let (mut bytes, hasher) = (std::mem::take(&mut open.rest), open.hasher.clone());
        let unread = read(open.unread.take(), &mut bytes, window);
        let midway = open.midway.take();
        Some((plan, unread.map(|unread| Read { bytes, unread, hasher, midway })))
    }
}

/// Reads more of a file, up to `window` bytes; returns what is left then. `None` if the file is
/// not what was found.
fn read(unread: Option<Unread>, bytes: &mut Vec<u8>, window: u64) -> Option<Option<Unread>> {
    let Some(mut unread) = unread else { return Some(None) };
    let held = bytes.len();
    let more = window.saturating_sub(held as u64).min(unread.left);
    let last = more == unread.left;
    let wanted = usize::try_from(more).ok()?.checked_add(held)?;
    // A byte more than there should be, to see the end.
    bytes.resize(wanted + usize::from(last), 0);
    let read = read_full(&mut unread.source, &mut bytes[held..]).ok()?;
    bytes.truncate(wanted);
    (read as u64 == more).then_some(())?;
    if last {
        unread.source.finish().ok()?;
        return Some(None);
    }
    unread.left -= more;
    Some(Some(unread))
}

impl Apart<'_> {
    /// Lays out a piece of a file as a batch.
    pub(super) fn piece(&mut self, mut plan: ContentPlan, mut taken: Taken) {
        let before = self.pieces.open.take();
        let following = before.as_ref().map_or(plan.size(), |open| open.following) - taken.size;
        let recipe = taken.recipe(&places_by_kind(&taken)).map(Arc::new);
        let row = Row { recipe, ..Row::default() };
        let mut rejected = Vec::new();
        let mut part = PartBuilder::default();
        if before.is_some() {
            part = PartBuilder::continuing();
            let digest = Some(taken.digest()).filter(|_| following == 0);
            if digest.is_some() && plan.digest.is_some() && plan.digest != digest {
                // The others were found equal to what this file held then.
                rejected = plan.nodes.split_off(1);
            }
            part.revoke((1..=rejected.len() as u64).collect());
            part.row(row.clone(), digest, []);
        } else {
            self.lay_out();
        }
        let mut cutter = Cutter::new(self.room.group, part);
        put(&mut cutter, vec![&mut taken]);
        match (before.is_some(), following) {
            (true, 0) => {}
            (true, _) => cutter.part.open_again(following),
            (false, _) => {
                cutter.part.row(row, None, &plan.nodes);
                cutter.part.open(following);
            }
        }
        self.filled.extend(cutter.finish(taken.size));
        if following == 0 {
            self.entries += announce(&plan.nodes, &self.control);
            if !rejected.is_empty() {
                self.rejected.push(ContentPlan::alone(plan.kind, rejected, plan.digest));
            }
        } else {
            let (Taken { rest, unread, hasher, midway, .. }, plan) = (taken, Some(plan));
            self.pieces.open = Some(Open { plan, rest, midway, unread, following, hasher });
        }
    }

    /// Revokes a file that is no longer what was found; it is read again among the others.
    pub(super) fn break_off(&mut self, plan: ContentPlan) {
        let Some(open) = self.pieces.open.take() else { return };
        let mut part = PartBuilder::continuing();
        part.revoke((0..plan.nodes.len() as u64).collect());
        part.row(Row::default(), Some(open.hasher.digest()), []);
        let part = Some(part.finish());
        self.filled.push_back(Filled { raw: Vec::new(), part, start: Start::Alone, stands_for: 0 });
        self.rejected.push(plan);
    }
}

/// Where the streams of a piece lie in its batch.
fn places_by_kind(taken: &Taken) -> Vec<u64> {
    let mut places = vec![0; taken.lengths.len()];
    let mut end = 0;
    for kind in KINDS {
        for (number, stream) in taken.split.streams.iter().enumerate() {
            if stream.kind == kind {
                places[number] = end;
                end += taken.lengths[number];
            }
        }
    }
    places
}
