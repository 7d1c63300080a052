//! Reads files into decode groups and decides where groups end.
//!
//! A group closes about when it holds its share, between contents that are not alike, and when
//! the kind of content changes and it holds [`KIND_MINIMUM`]. Groups of a family that has a base
//! hold nothing else. A file that does not fit starts a new group if the old one is half full; a
//! file larger than a group is cut into equal parts.
//!
//! Groups are announced in batches. A batch ends before the next group could make it longer
//! than 8 MiB, and when it has 16,384 entries; one that later files may have runs in ends with
//! the group that makes it 1 MiB long.

use super::announce::PartBuilder;
use super::arrange::{Arrangement, Rule};
use super::boundary::Boundary;
use super::plan::{ContentPlan, Node};
use super::repeats::Repeats;
use super::source::OpenSource;
use crate::archive::{ArchiveError, Control, Event};
use crate::checksum::{Digest, Hasher};
use crate::codec::ContentKind;
use crate::container::{Chunk, Part, Row, content_digest};
use crate::tree::Missing;
use open::Open;
use std::collections::VecDeque;

mod open;

/// Bytes a group holds at least before a change of kind closes it.
pub(super) const KIND_MINIMUM: usize = 1 << 20;

/// Bytes of a batch with large files from which on it ends with the group: a run leads to an
/// earlier batch.
const RUN_BATCH: u64 = 1 << 20;

/// A group ready to be coded. No bytes: a part without a further group.
pub(super) struct Filled {
    pub raw: Vec<u8>,
    /// What the batch holds that ends with this group.
    pub part: Option<Part>,
    pub start: Start,
    /// Bytes of file data that the group stands for.
    pub stands_for: u64,
}

/// Where the model of a group starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Anew.
    Alone,
    /// Anew, and others go on behind it; the longest that both together become.
    Base { reach: u64 },
    /// Behind the last base.
    Behind,
    /// Behind the base that the user gave.
    Given,
}

/// Cuts contents into groups.
pub(super) struct Packer<'a> {
    control: Control<'a>,
    queue: VecDeque<ContentPlan>,
    open: Option<Open>,
    buffer: Vec<u8>,
    part: PartBuilder,
    /// Planned bytes of the contents in the queue.
    queued: u64,
    kind: ContentKind,
    rules: Vec<Rule>,
    /// Number of the rule of the group being filled.
    rule: usize,
    /// Whether the base of the rule was filled.
    has_base: bool,
    /// Number of entries of finished contents.
    entries: u64,
    /// Most bytes of a batch.
    batch: u64,
    /// What was stored before; `None` if that is of no interest.
    repeats: Option<Repeats>,
    /// Where the group and the batch that are being filled start in the stream.
    group_start: u64,
    batch_start: u64,
    /// Bytes that were not stored since the last group was closed.
    repeated: u64,
    /// Whether later files may have runs in the batch that is being filled.
    serves: bool,
    /// How many more contents the group takes, once that is decided.
    still_taken: Option<usize>,
}

/// Says what is missing in the archive.
fn left_out(error: ArchiveError, missing: Missing) -> ArchiveError {
    match error {
        ArchiveError::Tree(error) => error.leaving_out(missing).into(),
        other => other,
    }
}

impl<'a> Packer<'a> {
    /// A packer for contents by their rules, whose first byte is at `start` in the stream, in
    /// batches of `batch` bytes at most unless one group is longer.
    pub fn new(
        arrangement: Arrangement,
        batch: u64,
        repeats: Option<Repeats>,
        start: u64,
        control: Control<'a>,
    ) -> Self {
        let Arrangement { contents, rules } = arrangement;
        Packer {
            control,
            queued: contents.iter().map(ContentPlan::size).fold(0, u64::saturating_add),
            queue: contents.into(),
            open: None,
            buffer: Vec::new(),
            part: PartBuilder::default(),
            kind: ContentKind::Text,
            rules,
            rule: 0,
            has_base: false,
            entries: 0,
            batch,
            repeats,
            group_start: start,
            batch_start: start,
            repeated: 0,
            serves: false,
            still_taken: None,
        }
    }

    /// Returns the blocks of files that were stored, for later generations.
    pub fn into_blocks(self) -> Vec<Chunk> {
        self.repeats.map(Repeats::into_blocks).unwrap_or_default()
    }

    /// The number of entries of all files read, once the last group was filled.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Fills the next group; `None` once everything is read.
    ///
    /// # Errors
    /// [`ArchiveError::Interrupted`]. Files that cannot be read are reported
    /// and left out.
    pub fn fill(&mut self) -> Result<Option<Filled>, ArchiveError> {
        loop {
            self.control.check()?;
            let Some(mut open) = self.open.take() else {
                if self.part.is_full() || self.ends_before_next() {
                    return Ok(Some(self.close(None)));
                }
                match self.queue.pop_front() {
                    Some(plan) => {
                        self.queued = self.queued.saturating_sub(plan.size());
                        self.open = self.start(plan);
                    }
                    None if self.part.is_empty() && self.buffer.is_empty() => return Ok(None),
                    None => return Ok(Some(self.close(None))),
                }
                continue;
            };
            // What was stored before needs no room.
            if open.finder.is_some() && self.take(&mut open, 0).is_err() {
                self.abandon(open, None);
                continue;
            }
            let room = self.room(open.left);
            if open.left > 0 && room == 0 {
                return Ok(Some(self.close(Some(open))));
            }
            match self.read(&mut open, room) {
                Err(()) => self.abandon(open, None),
                Ok(true) if open.announced => {
                    let end = open.source.size();
                    self.abandon(open, Some(end));
                }
                Ok(true) if open.before > 0 && open.start == self.buffer.len() => {
                    let end = open.source.size();
                    self.abandon(open, Some(end));
                }
                Ok(_) if open.left == 0 => self.finish(open),
                Ok(_) => return Ok(Some(self.close(Some(open)))),
            }
        }
    }

    /// Returns whether the group is complete: it has its share, or the next content does not
    /// belong into it.
    fn ends_before_next(&mut self) -> bool {
        let Some(next) = self.queue.front() else { return false };
        let (held, rule) = (self.buffer.len(), self.rules[self.rule]);
        if next.rule != self.rule {
            let apart = rule.stands_apart() || self.rules[next.rule].stands_apart();
            if held > 0 && (apart || held >= KIND_MINIMUM) {
                return true;
            }
            self.rule = next.rule;
            self.has_base = false;
        }
        self.kind = next.kind;
        let rule = self.rules[self.rule];
        match self.fills_base() {
            _ if held == 0 => false,
            true => held as u64 >= rule.base,
            false => self.ends_here(held as u64, rule),
        }
    }

    /// Returns whether the group ends before the next content, which is decided once it is near
    /// its share.
    fn ends_here(&mut self, held: u64, rule: Rule) -> bool {
        let boundary = Boundary { share: rule.share, most: rule.most };
        if !boundary.is_near(held) {
            return false;
        }
        let left = self.still_taken.unwrap_or_else(|| {
            let of_rule = self.queue.iter().take_while(|next| next.rule == self.rule);
            boundary.find(held, of_rule.map(|next| (next.size(), next.bond)))
        });
        self.still_taken = left.checked_sub(1);
        left == 0
    }

    /// Whether the group being filled is a base.
    fn fills_base(&self) -> bool {
        self.rules[self.rule].base > 0 && !self.has_base
    }

    /// Most bytes of the group being filled.
    fn most(&self) -> u64 {
        let rule = self.rules[self.rule];
        if self.fills_base() { rule.base } else { rule.most }
    }

    /// Most bytes of the group after this one, which goes on with the open file or not.
    fn most_of_next(&self, goes_on: bool) -> u64 {
        let front = self.queue.front().filter(|_| !goes_on);
        let next = front.map_or(self.rule, |next| next.rule);
        let rule = self.rules[next];
        let most = if next == self.rule { rule.most } else { rule.base.max(rule.most) };
        front.map_or(most, |next| most.max(next.size().min(rule.whole)))
    }

    /// Where the model of the group starts that is being closed with `length` bytes.
    fn start_of_group(&mut self, length: usize) -> Start {
        let rule = self.rules[self.rule];
        match (rule.base, self.has_base) {
            (0, _) if rule.given > 0 => Start::Given,
            (0, _) => Start::Alone,
            (_, true) => Start::Behind,
            (base, false) => {
                self.has_base = length > 0;
                Start::Base { reach: (length as u64).max(base).saturating_add(rule.most) }
            }
        }
    }

    /// Opens the first file of the content that can be opened.
    fn start(&mut self, mut plan: ContentPlan) -> Option<Open> {
        for reading in 0..plan.nodes.len() {
            let kind = plan.kind;
            if let Some(mut source) = self.open_node(&mut plan.nodes[reading], kind) {
                if let Some(cap) = plan.cap.filter(|_| reading == 0) {
                    source.cut(cap);
                }
                let data = source.data_length();
                let repeats = self.repeats.as_ref();
                return Some(Open {
                    finder: repeats.and_then(|repeats| repeats.finder(kind, data)),
                    runs: Vec::new(),
                    hashed: self.buffer.len(),
                    reading,
                    hasher: Hasher::new(),
                    left: data,
                    source,
                    before: 0,
                    start: self.buffer.len(),
                    announced: false,
                    plan,
                });
            }
        }
        None
    }

    /// Opens a file by the first of its names that can be opened; names that
    /// cannot are reported and dropped. If it is not the file that was found, it
    /// stands alone: the other names are taken for themselves.
    fn open_node(&mut self, node: &mut Node, kind: ContentKind) -> Option<OpenSource> {
        while !node.names.is_empty() {
            match node.names[0].source.as_ref().map(|source| source.open()) {
                Some(Ok(source)) => {
                    if !source.is_same() && node.names.len() > 1 {
                        let names = node.names.split_off(1);
                        self.requeue(kind, vec![Node { names }], None);
                    }
                    match source.new_metadata() {
                        Ok(Some(metadata)) => {
                            let names = node.names.iter_mut();
                            names.for_each(|name| name.entry.metadata = metadata.clone());
                        }
                        Ok(None) => {}
                        Err(error) => self.control.warn(left_out(error, Missing::Attributes)),
                    }
                    return Some(source);
                }
                Some(Err(error)) => self.control.warn(left_out(error, Missing::Whole)),
                None => {}
            }
            node.names.remove(0);
        }
        None
    }

    /// How much of a file with `left` bytes goes into this group: 0 if it is
    /// to start the next.
    fn room(&self, left: u64) -> usize {
        let (held, size) = (self.buffer.len() as u64, self.most());
        // A data length is a file size: the sum cannot pass 2^64.
        let total = held + left;
        if total <= size || held == 0 && left <= self.rules[self.rule].whole {
            return left as usize;
        }
        if left <= self.rules[self.rule].whole {
            return 0;
        }
        if held * 2 >= size {
            return 0;
        }
        (total.div_ceil(total.div_ceil(size)) - held) as usize
    }

    /// Reads `length` bytes into the group; `true` if the file ended before, which
    /// leaves nothing to be read. Failure is reported.
    fn read(&mut self, open: &mut Open, length: usize) -> Result<bool, ()> {
        if open.finder.is_some() {
            return self.take(open, length);
        }
        let held = self.buffer.len();
        self.buffer.resize(held + length, 0);
        let read = super::plan::read_full(&mut open.source, &mut self.buffer[held..]);
        let got = match read {
            Ok(got) => got,
            Err(error) => {
                self.control.warn(left_out(error, Missing::Whole));
                return Err(());
            }
        };
        self.buffer.truncate(held + got);
        open.left = if got < length { 0 } else { open.left - length as u64 };
        Ok(got < length)
    }

    /// Closes the group, and the batch if the next group does not fit; a file that goes on is
    /// announced then, and kept open.
    fn close(&mut self, mut open: Option<Open>) -> Filled {
        // A file none of whose bytes are in yet starts in the next group.
        let begun = |open: &Open| {
            open.is_divided() || open.start < self.buffer.len() || !open.runs.is_empty()
        };
        let begun = open.as_ref().is_some_and(begun);
        let following = open.as_ref().map_or(0, |open| open.left);
        let next = self.queued.saturating_add(following).min(self.most_of_next(open.is_some()));
        let last = open.is_none() && self.queue.is_empty();
        let bytes = self.buffer.len() as u64;
        let ends =
            last || bytes == 0 || self.part.ends_before(bytes.saturating_add(next), self.batch);
        let long = self.group_start + bytes - self.batch_start >= RUN_BATCH;
        let ends = ends || (self.serves && long);
        if let Some(open) = open.as_mut().filter(|_| begun) {
            let row = self.row(open, false);
            if ends {
                let starting = if open.announced { &[] } else { &open.plan.nodes[open.reading..] };
                self.part.row(row, None, starting);
                self.part.open(open.left);
                (open.announced, open.before) = (true, 0);
                open.runs.clear();
            } else {
                open.before = row.length;
            }
        }
        open.iter_mut().for_each(|open| (open.start, open.hashed) = (0, 0));
        self.open = open;
        let raw = std::mem::take(&mut self.buffer);
        self.still_taken = None;
        let start = self.start_of_group(raw.len());
        self.part.end_group(&raw);
        let next = if begun { PartBuilder::continuing() } else { PartBuilder::default() };
        let part = ends.then(|| std::mem::replace(&mut self.part, next).finish());
        self.group_start += bytes;
        if ends {
            (self.batch_start, self.serves) = (self.group_start, false);
        }
        let stands_for = bytes + std::mem::take(&mut self.repeated);
        Filled { raw, part, start, stands_for }
    }

    /// Ends a content that was read to its end.
    fn finish(&mut self, mut open: Open) {
        let divided = open.is_divided() || open.is_in_runs();
        let row = self.row(&mut open, !divided);
        let (size, segments) = (open.source.size(), open.source.segments());
        let digest = content_digest(open.hasher.digest(), size, segments);
        let Open { plan, reading, source, announced, .. } = open;
        let mut nodes = plan.nodes.into_iter().skip(reading).collect::<Vec<_>>();
        if let Err(error) = source.finish() {
            self.control.warn(error);
        }
        // The others were found equal to what this file held then.
        let mut rejected = Vec::new();
        if plan.digest.is_some_and(|expected| expected != digest) {
            rejected = nodes.split_off(1);
        }
        let digest = Some(digest).filter(|_| divided);
        if announced {
            self.part.revoke((1..=rejected.len() as u64).collect());
            self.part.row(row, digest, []);
        } else {
            self.part.row(row, digest, &nodes);
        }
        for name in nodes.iter().flat_map(|node| &node.names) {
            self.control.events.event(Event::Entry { path: &name.entry.path });
            self.entries += 1;
        }
        self.requeue(plan.kind, rejected, plan.digest);
    }

    /// Drops the file being read; other files with the same content are read on their own.
    /// With `end`, the file was announced longer than it is, and is read again up to `end`.
    fn abandon(&mut self, mut open: Open, end: Option<u64>) {
        self.buffer.truncate(open.start);
        (open.hashed, open.finder) = (open.start, None);
        open.runs.clear();
        if let Some(repeats) = &mut self.repeats {
            repeats.forget(self.group_start + open.start as u64);
        }
        if open.is_divided() {
            if open.before > 0 {
                // The row must not end with an earlier group: its bytes there were hashed as
                // those of a file that goes on.
                self.buffer.push(0);
            }
            let row = self.row(&mut open, false);
            let row = Row { sparse: None, ..row };
            let digest = open.hasher.digest();
            if open.announced {
                let nodes = open.plan.nodes.len() - open.reading;
                self.part.revoke((0..nodes as u64).collect());
            }
            self.part.row(row, Some(digest), []);
        }
        let Open { plan, reading, .. } = open;
        let mut nodes = plan.nodes.into_iter().skip(reading);
        let this = nodes.next().filter(|_| end.is_some());
        self.requeue(plan.kind, nodes.collect(), plan.digest);
        if let Some(node) = this {
            let kind = plan.kind;
            let alone = ContentPlan::alone(kind, vec![node], None);
            self.enqueue(ContentPlan { cap: end, ..alone });
        }
    }

    fn requeue(&mut self, kind: ContentKind, nodes: Vec<Node>, digest: Option<Digest>) {
        if !nodes.is_empty() {
            self.enqueue(ContentPlan::alone(kind, nodes, digest));
        }
    }

    fn enqueue(&mut self, plan: ContentPlan) {
        self.queued = self.queued.saturating_add(plan.size());
        self.queue.push_back(plan);
    }
}
