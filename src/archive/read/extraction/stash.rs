//! Files of which bytes lie in groups that are decoded before their turn: bytes of earlier
//! groups wait in a nameless file.

use super::{Extraction, Run, Wanted};
use crate::archive::ArchiveError;
use crate::archive::read::aside::Aside;
use crate::archive::read::groups::Decoded;
use crate::container::{ReadAt, Section};
use crate::entry::{Content, Entry, Extent, Kind};
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes that are read back at a time.
const STEP: u64 = 256 << 10;

/// The order in which the bytes of a file come, if it is not that of its groups.
pub(super) struct Turns {
    /// Number of the extent whose turn it is.
    next: usize,
    /// What came of each extent before its turn.
    kept: Vec<Kept>,
    /// Place of the first group whose bytes are given to the file at once. What comes before
    /// waits, so that the file is not open for long.
    from: usize,
}

#[derive(Clone)]
enum Kept {
    Nothing,
    /// Where it is in the file.
    At(u64),
    Lost(Arc<ArchiveError>),
}

/// What waits.
pub(super) struct Stash {
    aside: Aside,
    /// Place of each group in the order in which they are decoded.
    places: HashMap<u64, usize>,
}

impl Stash {
    /// Nothing waits. The file is made in `directory`, or in that for temporary files.
    pub fn in_directory(directory: Option<PathBuf>) -> Stash {
        Stash { aside: Aside::new(directory), places: HashMap::new() }
    }
}

/// Returns the content of a file whose bytes do not come in the order of the groups.
fn scattered(entry: &Entry) -> Option<&Content> {
    let Kind::File(content) = &entry.kind else { return None };
    let follows = |pair: &[Extent]| {
        pair[0].group == pair[1].group || pair[0].group.checked_add(1) == Some(pair[1].group)
    };
    let plain = content.is_made() || content.extents.windows(2).all(follows);
    Some(content).filter(|_| !plain)
}

/// Returns the bytes of memory that the order of a file's bytes takes.
pub(super) fn turns_memory(entry: &Entry) -> u64 {
    scattered(entry).map_or(0, |content| (content.extents.len() * size_of::<Kept>()) as u64)
}

impl Turns {
    /// Returns the order for a file that needs one, if the groups come in these places.
    fn of(entry: &Entry, places: &HashMap<u64, usize>) -> Option<Box<Turns>> {
        let content = scattered(entry)?;
        let place = |extent: &Extent| places.get(&extent.group).copied();
        let mut own: Vec<usize> = content.extents.iter().filter_map(place).collect();
        own.sort_unstable();
        let mut from = *own.last()?;
        for &place in own.iter().rev() {
            if place + 1 < from {
                break;
            }
            from = place;
        }
        let kept = vec![Kept::Nothing; content.extents.len()];
        Some(Box::new(Turns { next: 0, kept, from }))
    }
}

impl<S: ReadAt> Extraction<'_, '_, S> {
    /// Finds out which files get their bytes in another order than that of the groups.
    pub(super) fn find_turns(&mut self) {
        let groups = self.groups.as_slice().iter().enumerate();
        self.stash.places = groups.map(|(place, (group, _))| (*group, place)).collect();
        for wanted in &mut self.files {
            wanted.turns = Turns::of(&wanted.entry, &self.stash.places);
        }
    }

    /// Puts bytes of a group aside that files need later, each once. Returns where they are.
    fn put_aside(
        &mut self,
        runs: &[Run],
        place: usize,
        decoded: &Decoded,
    ) -> Result<Vec<(Range<usize>, u64)>, ArchiveError> {
        let early = |run: &&Run| {
            self.files[run.file].turns.as_ref().is_some_and(|turns| place < turns.from)
        };
        let mut ranges: Vec<Range<usize>> = runs
            .iter()
            .filter(early)
            .filter(|run| decoded.right(run.offset, run.length).is_some())
            .map(|run| run.offset..run.offset + run.length)
            .collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        let put =
            |range: Range<usize>| Ok((range.clone(), self.stash.aside.put(&decoded.raw[range])?));
        joined.into_iter().map(put).collect()
    }

    /// Gives the files with turns their bytes of a group. Returns the other runs.
    pub(super) fn give_turns(
        &mut self,
        section: &Section,
        runs: Vec<Run>,
        decoded: &Arc<Decoded>,
    ) -> Result<Vec<Run>, ArchiveError> {
        if runs.iter().all(|run| self.files[run.file].turns.is_none()) {
            return Ok(runs);
        }
        let group = section.header.group;
        let place = self.stash.places.get(&group).copied().unwrap_or_default();
        let aside = self.put_aside(&runs, place, decoded)?;
        let mut others = Vec::new();
        for run in runs {
            let Some(turns) = &self.files[run.file].turns else {
                others.push(run);
                continue;
            };
            if self.broken.is_some() {
                break; // the next file would fail in the same way
            }
            let from = turns.from;
            if place >= from {
                self.give_kept(run.file);
            }
            let is_next = |turns: &Turns| place >= from && turns.next == run.extent;
            let right = decoded.right(run.offset, run.length);
            if right.is_none() {
                self.files[run.file].doubt.get_or_insert(group);
            }
            let missing = Arc::new(ArchiveError::Missing);
            let given = right.ok_or(decoded.fault.as_ref().unwrap_or(&missing));
            if self.files[run.file].turns.as_deref().is_some_and(is_next) {
                self.take(run.file, run.length, given, decoded.bytes(run.offset, run.length));
                self.pass_turn(run.file);
                self.give_kept(run.file);
                continue;
            }
            let kept = match given {
                Ok(bytes) => {
                    let within = |(range, _): &&(Range<usize>, u64)| {
                        range.start <= run.offset && run.offset + run.length <= range.end
                    };
                    match aside.iter().find(within) {
                        Some((range, at)) => Kept::At(at + (run.offset - range.start) as u64),
                        None => Kept::At(self.stash.aside.put(bytes)?),
                    }
                }
                Err(cause) => Kept::Lost(Arc::clone(cause)),
            };
            if let Some(turns) = &mut self.files[run.file].turns {
                turns.kept[run.extent] = kept;
            }
        }
        Ok(others)
    }

    fn pass_turn(&mut self, file: usize) {
        let turns = self.files[file].turns.as_mut();
        turns.into_iter().for_each(|turns| turns.next += 1);
    }

    /// Gives a file what waits and is next.
    fn give_kept(&mut self, file: usize) {
        loop {
            let Wanted { turns: Some(turns), entry, .. } = &mut self.files[file] else { return };
            let Some(kept) = turns.kept.get_mut(turns.next) else { return };
            let Kind::File(content) = &entry.kind else { return };
            let length = content.extents[turns.next].length;
            match std::mem::replace(kept, Kept::Nothing) {
                Kept::Nothing => return,
                Kept::Lost(cause) => self.take(file, length as usize, Err(&cause), None),
                Kept::At(at) => {
                    if let Err(error) = self.read_back(file, at, length) {
                        self.broken = self.broken.take().or(Some(error));
                        return;
                    }
                }
            }
            self.pass_turn(file);
        }
    }

    /// Gives a file bytes that wait.
    fn read_back(&mut self, file: usize, at: u64, length: u64) -> Result<(), ArchiveError> {
        let mut buffer = vec![0; length.min(STEP) as usize];
        let mut done = 0;
        while done < length {
            let step = (length - done).min(STEP) as usize;
            self.stash.aside.read_at(&mut buffer[..step], at + done)?;
            done += step as u64;
            if done < length {
                self.take_some(file, step, Ok(&buffer[..step]), None);
            } else {
                self.take(file, step, Ok(&buffer[..step]), None);
            }
        }
        Ok(())
    }
}
