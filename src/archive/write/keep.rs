//! Makes an archive of several generations of another, without what none of them uses.

use super::coding::Coded;
use super::create::{Amended, CreateOptions, CreateSummary, name_output, write_planned};
use super::destination::Destination;
use super::plan::{Node, join_names, plan};
use super::repack::{Copied, Files, Input, Place, Stored, archive_id, copied, copy, rest};
use super::repeats::blocks;
use super::source::Found;
use super::update::topmost;
use crate::archive::{Archive, ArchiveError, Control};
use crate::container::{At, ContainerError, Footer, Origin, Writer};
use crate::entry::{Entry, compare_paths, is_within};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes the last `count` generations, up to the one that is open, as an archive that appears
/// whole under the name `path` or not at all. They keep their dates, and are numbered from 0.
/// Groups are copied as by [`super::repack`], with the generation that adds them; what a
/// generation has of an earlier one is not stored again.
///
/// # Errors
/// As [`super::repack`].
pub fn repack_generations(
    archive: &Archive,
    path: &Path,
    count: u64,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let root = archive.root_hash().ok_or(ArchiveError::NotWhole)?;
    let newest = archive.generation();
    let output = Destination::new(path, options.volume_size)?;
    output.hold(archive.reader.source())?;
    let memory = options.memory.saturating_sub(archive.tables.saturating_mul(2));
    let create = CreateOptions { memory, ..options.clone() };
    let id = archive_id(&[root], b"");
    let written = (|| {
        let mut work = Work { done: Copied::default(), units: BTreeSet::new(), bytes: 0 };
        let buffer = BufWriter::with_capacity(1 << 20, &output);
        let mut writer = Writer::new(buffer, id)?;
        let mut before = Names::default();
        for number in newest.saturating_sub(count.saturating_sub(1))..=newest {
            let source = archive.reader.source().again().map_err(ContainerError::from)?;
            let opened = Archive::open_at(source, &archive.limits, At::Number(number))?;
            if before.generation.is_some() {
                writer.end_generation()?;
            }
            let names = Names::of(&opened, number);
            writer = work.add(&opened, before, &names, writer, &create, control)?;
            writer.set_date(opened.date());
            writer.set_incomplete(opened.is_incomplete());
            before = names;
        }
        let groups = writer.groups();
        let (mut buffer, footer): (_, Footer) = writer.finish()?;
        buffer.flush().map_err(ContainerError::from)?;
        let Footer { file_length: stored, root_hash, .. } = footer;
        let entries = archive.entries().len() as u64;
        Ok(CreateSummary { entries, bytes: work.bytes, stored, groups, root_hash })
    })();
    let summary = written.map_err(|error| name_output(error, path))?;
    control.check()?;
    output.commit()?;
    Ok(summary)
}

/// What an entry is, to be compared with that of another generation.
#[derive(Debug, PartialEq)]
struct Known {
    /// Without the content.
    entry: Entry,
    /// Where the content of a file is, and its first name.
    place: Option<(Place, Vec<u8>)>,
}

/// The entries of a generation.
#[derive(Debug, Default)]
struct Names {
    generation: Option<u64>,
    entries: BTreeMap<Vec<u8>, Known>,
}

impl Names {
    fn of(archive: &Archive, number: u64) -> Names {
        let mut names = Names { generation: Some(number), ..Names::default() };
        let files = Files::of(archive, |_| true);
        for (place, stored) in &files.contents {
            for node in &stored.nodes {
                let first = &node.names[0].entry.path;
                for (path, known) in known(node, Some((*place, first.clone()))) {
                    names.entries.insert(path, known);
                }
            }
        }
        for node in join_names(files.others) {
            names.entries.extend(known(&node, None));
        }
        names
    }

    /// Returns whether all names of a node are what they are here.
    fn has(&self, node: &Node, place: Option<Place>) -> bool {
        let first = &node.names[0].entry.path;
        let place = place.map(|place| (place, first.clone()));
        known(node, place).all(|(path, known)| self.entries.get(&path) == Some(&known))
    }
}

/// Returns what the names of a node are.
fn known(
    node: &Node,
    place: Option<(Place, Vec<u8>)>,
) -> impl Iterator<Item = (Vec<u8>, Known)> + '_ {
    let kind = match place {
        Some(_) => crate::entry::Kind::File(Default::default()),
        None => node.kind(),
    };
    let known = move |entry: Entry| (entry.path.clone(), Known { entry, place: place.clone() });
    node.entries(kind).map(known)
}

/// An archive that is being written, generation by generation.
struct Work {
    done: Copied,
    /// Sequences of the ENTRY sections that were copied.
    units: BTreeSet<u64>,
    /// Bytes of all groups.
    bytes: u64,
}

impl Work {
    /// Writes what a generation changes; INDEX is still to come.
    fn add<W: Write>(
        &mut self,
        archive: &Archive,
        before: Names,
        names: &Names,
        mut writer: Writer<W>,
        options: &CreateOptions,
        control: &Control,
    ) -> Result<Writer<W>, ArchiveError> {
        let gone = before.entries.keys().filter(|path| !names.entries.contains_key(*path));
        let removed = topmost(gone.cloned().collect());
        let changed = Changed { before, removed: &removed };
        let mut files = Files::of(archive, |_| true);
        let mut again = Vec::new();
        for (place, stored) in &mut files.contents {
            stored.nodes.retain(|node| changed.has(node, Some(*place)));
            if let Some(&(sequence, row)) = self.done.places.get(place) {
                let origin = Origin {
                    announced: 0,
                    sequence: u32::try_from(sequence).unwrap_or(u32::MAX),
                    row: u32::try_from(row).unwrap_or(u32::MAX),
                };
                again.extend(
                    std::mem::take(&mut stored.nodes).into_iter().map(|node| (node, origin)),
                );
            }
        }
        files.contents.retain(|_, stored: &mut Stored| !stored.nodes.is_empty());
        let others = join_names(std::mem::take(&mut files.others)).into_iter();
        let others = others.filter(|node| changed.has(node, None));
        files.others = others.flat_map(|node| node.names).collect();
        let input = self.input(archive, files);
        let mut found: Vec<Found> = rest(std::slice::from_ref(&input), control)?;
        found.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
        let planned = plan(found.into_iter().map(Ok), options.jobs, options.memory, control)?;
        let amended = Amended { removed, again, ..Amended::default() };
        let mut copied = 0;
        let begin = |_| {
            let start = writer.stream_length();
            copied = copy(&input, &mut writer, &mut self.done, control)?;
            let mut chunks = self.done.moved.chunks(blocks(archive, control));
            chunks.retain(|chunk| chunk.position >= start);
            writer.write_chunks(&chunks)?;
            Ok(writer)
        };
        let coded = write_planned(planned, amended, options, control, begin)?;
        let Coded { writer, bytes, .. } = coded;
        self.bytes += copied + bytes;
        self.units.extend(&input.units);
        Ok(writer)
    }

    /// Chooses the ENTRY sections whose groups are copied: none that was copied before, and none
    /// if a base was left out then.
    fn input<'a>(&self, archive: &'a Archive, files: Files) -> Input<'a> {
        let units: BTreeSet<u64> = &copied(archive, &files) - &self.units;
        let mut input = Input { archive, files, units };
        let batches = archive.reader.batches().iter();
        let chosen = batches.filter(|one| input.units.contains(&one.sequence));
        let here: BTreeSet<u64> = chosen
            .flat_map(|one| one.first..one.first + one.batch.group_lengths.len() as u64)
            .collect();
        let base = |group: &u64| archive.reader.group(*group)?.header.base_group();
        let is_there = |base: u64| here.contains(&base) || self.done.numbers.contains_key(&base);
        let kept = input.kept().into_iter().filter(|group| here.contains(group));
        if kept.filter_map(|group| base(&group)).any(|base| !is_there(base)) {
            input.units.clear();
        }
        input
    }
}

/// Tells what a generation has to announce.
struct Changed<'a> {
    before: Names,
    /// Paths that are gone with all below them, in path order.
    removed: &'a [Vec<u8>],
}

impl Changed<'_> {
    /// Returns whether a node is not what it was, or would go with what is removed.
    fn has(&self, node: &Node, place: Option<Place>) -> bool {
        let goes = |path: &[u8]| {
            let before = self.removed.partition_point(|one| compare_paths(one, path).is_le());
            before.checked_sub(1).is_some_and(|last| is_within(path, &self.removed[last]))
        };
        !self.before.has(node, place) || node.names.iter().any(|name| goes(&name.entry.path))
    }
}
