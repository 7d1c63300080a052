//! Makes an archive of what is live in another: groups are copied without being decoded.

use super::coding::Coded;
use super::create::{Amended, CreateOptions, CreateSummary, name_output, write_planned};
use super::data::Store;
use super::destination::Destination;
use super::plan::{Node, plan};
use super::repeats::blocks;
use super::source::{Found, Source};
use crate::archive::{Archive, ArchiveError, Control};
use crate::checksum::{Context, Hasher, Tag};
use crate::container::{
    Base, ContainerError, Footer, GroupCoding, Part, Placed, Row, Writer, decode_part,
};
use crate::entry::{Content, Entry, Extent, Kind, compare_paths};
use moved::Moved;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

mod moved;

/// How an archive is repacked.
#[derive(Clone, Debug, Default)]
pub struct RepackOptions {
    /// How contents are coded that are not copied.
    pub create: CreateOptions,
    /// Whether all contents are coded anew.
    pub recode: bool,
}

/// Writes the entries of the generation that is open as an archive of one generation, which
/// appears whole under the name `path` or not at all. Groups in use are copied if half or more
/// of those of their batch is live; the files of others are decoded and coded anew, and wait in the
/// directory for temporary files meanwhile.
///
/// # Errors
/// [`ArchiveError::NotWhole`] if the archive is damaged; damage of what is copied or decoded;
/// otherwise as [`super::create`].
pub fn repack(
    archive: &Archive,
    path: &Path,
    options: &RepackOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let files = Files::of(archive, |_| true);
    let mut input = Input { archive, files, units: BTreeSet::new() };
    if !options.recode {
        input.units = copied(archive, &input.files);
    }
    let inputs = [input];
    write(&inputs, id_of(&inputs, b"")?, path, &options.create, control)
}

/// Puts the repacked archive in the place of the old one: its file, or its volumes, which have
/// their size unless the options say another. Nobody else changes it meanwhile. `keep` generations
/// are kept, by [`super::repack_generations`] if these are two or more.
///
/// # Errors
/// As [`repack`]; [`ArchiveError::Locked`].
pub fn prune(
    archive: &Archive,
    keep: u64,
    options: &RepackOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let volumes = archive.reader.source();
    let mut options = options.clone();
    if let Some(name) = volumes.name() {
        // Only one volume may be as long as it gets.
        let size = options.create.volume_size.or(volumes.size()).unwrap_or(u64::MAX);
        options.create.volume_size = Some(size);
        return repacked(archive, name, keep, &options, control);
    }
    let path = volumes.files().next().map(|(path, ..)| path.to_owned());
    repacked(archive, &path.unwrap_or_default(), keep, &options, control)
}

fn repacked(
    archive: &Archive,
    path: &Path,
    keep: u64,
    options: &RepackOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    match keep {
        0 | 1 => repack(archive, path, options, control),
        _ => super::repack_generations(archive, path, keep, &options.create, control),
    }
}

/// An archive of which entries are taken.
pub(super) struct Input<'a> {
    pub archive: &'a Archive,
    pub files: Files,
    /// Sequences of the ENTRY sections whose groups are copied.
    pub units: BTreeSet<u64>,
}

impl Input<'_> {
    /// Returns the groups that are copied of the chosen ENTRY sections: those that files lie in,
    /// those that cannot be taken out, and those that others rest on.
    pub(super) fn kept(&self) -> BTreeSet<u64> {
        let copied = self.files.used().filter(|&(place, stored)| self.copies(place, stored));
        let extents = copied.flat_map(|(_, stored)| stored.extents());
        let used: BTreeSet<u64> = extents.map(|extent| extent.group).collect();
        let mut kept = BTreeSet::new();
        for placed in self.copied() {
            for place in 0..placed.batch.group_lengths.len() {
                let group = placed.first + place as u64;
                if used.contains(&group) || !placed.batch.stands_alone(place) {
                    kept.insert(group);
                }
            }
        }
        let base = |&group: &u64| self.archive.reader.group(group)?.header.base_group();
        let bases: Vec<u64> = kept.iter().filter_map(base).collect();
        kept.extend(bases);
        kept
    }

    /// Returns whether the groups of a content are copied, those that it has runs in too.
    fn copies(&self, place: Place, stored: &Stored) -> bool {
        let is_copied = |extent: &Extent| {
            let placed = self.archive.reader.batch(extent.group);
            placed.is_some_and(|(placed, _)| self.units.contains(&placed.sequence))
        };
        self.units.contains(&place.0) && stored.extents().iter().all(is_copied)
    }

    /// Returns the batches that are copied.
    fn copied(&self) -> impl Iterator<Item = &Placed> {
        let chosen = |placed: &&Placed| self.units.contains(&placed.sequence);
        self.archive.reader.batches().iter().filter(chosen)
    }
}

/// Writes the entries of archives as another one, which appears whole under its name or not at
/// all. `id` is its Archive_Id.
pub(super) fn write(
    inputs: &[Input],
    id: Tag,
    path: &Path,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let output = Destination::new(path, options.volume_size)?;
    inputs.iter().try_for_each(|input| output.hold(input.archive.reader.source()))?;
    let found = rest(inputs, control)?;
    let tables = inputs.iter().map(|input| input.archive.tables).fold(0, u64::saturating_add);
    let memory = options.memory.saturating_sub(tables);
    let planned = plan(found.into_iter().map(Ok), options.jobs, memory, control)?;
    let create = CreateOptions { memory, ..options.clone() };
    let mut bytes = 0;
    let begin = |_| {
        let buffer = BufWriter::with_capacity(1 << 20, &output);
        let mut writer = Writer::new(buffer, id)?;
        let mut chunks = Vec::new();
        for input in inputs {
            let mut done = Copied::default();
            bytes += copy(input, &mut writer, &mut done, control)?;
            chunks.extend(done.moved.chunks(blocks(input.archive, control)));
        }
        writer.write_chunks(&chunks)?;
        Ok(writer)
    };
    let written = write_planned(planned, Amended::default(), &create, control, begin);
    let written = written.and_then(|coded| {
        let Coded { mut writer, bytes: coded, groups, .. } = coded;
        writer.set_incomplete(inputs.iter().any(|input| input.archive.is_incomplete()));
        let (mut buffer, footer): (_, Footer) = writer.finish()?;
        buffer.flush().map_err(ContainerError::from)?;
        let Footer { file_length: stored, root_hash, .. } = footer;
        let entries = inputs.iter().map(|input| input.files.entries).sum();
        Ok(CreateSummary { entries, bytes: bytes + coded, stored, groups, root_hash })
    });
    let summary = written.map_err(|error| name_output(error, path))?;
    control.check()?;
    output.commit()?;
    Ok(summary)
}

/// Returns the Archive_Id of an archive that is made of others; `part` tells it from other archives
/// of the same inputs.
///
/// # Errors
/// [`ArchiveError::NotWhole`] if one of them is damaged.
pub(super) fn id_of(inputs: &[Input], part: &[u8]) -> Result<Tag, ArchiveError> {
    let roots = inputs.iter().map(|input| input.archive.root_hash());
    let roots: Vec<[u8; 32]> = roots.collect::<Option<_>>().ok_or(ArchiveError::NotWhole)?;
    Ok(archive_id(&roots, part))
}

/// The same part of the same archives gives the same id.
pub(super) fn archive_id(roots: &[[u8; 32]], part: &[u8]) -> Tag {
    let mut hasher = Hasher::derived(Context::ArchiveId);
    roots.iter().for_each(|root| hasher.update(root));
    hasher.update(part);
    hasher.tag()
}

/// What was copied of an archive.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// New numbers of the groups.
    pub numbers: BTreeMap<u64, u64>,
    /// New places of the contents.
    pub places: BTreeMap<Place, Place>,
    /// New places of the groups in the stream.
    pub moved: Moved,
}

/// Where a content is: the Sequence of the ENTRY section, and the row.
pub(super) type Place = (u64, u64);

/// A content, and the files that have it.
#[derive(Debug)]
pub(super) struct Stored {
    /// The entry of one of them, with the content.
    pub file: Entry,
    pub nodes: Vec<Node>,
}

impl Stored {
    /// Returns where the content lies.
    fn extents(&self) -> &[Extent] {
        match &self.file.kind {
            Kind::File(content) => &content.extents,
            _ => &[],
        }
    }
}

/// The files of an archive with all their names, by contents, and everything else.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub contents: BTreeMap<Place, Stored>,
    pub others: Vec<Found>,
    /// Number of entries.
    pub entries: u64,
}

impl Files {
    /// Takes the entries that are wanted. If the first name of a file is not, the next takes
    /// its place.
    pub fn of(archive: &Archive, wanted: impl Fn(&Entry) -> bool) -> Files {
        let mut links: BTreeMap<&[u8], Vec<&Entry>> = BTreeMap::new();
        for entry in archive.entries() {
            if let Kind::HardLink { target } = &entry.kind {
                links.entry(target).or_default().push(entry);
            }
        }
        let mut files = Files::default();
        for (entry, origin) in archive.entries().iter().zip(archive.reader.origins()) {
            if matches!(entry.kind, Kind::HardLink { .. }) {
                continue;
            }
            let links = links.get(&entry.path[..]).into_iter().flatten().copied();
            let names = [entry].into_iter().chain(links).filter(|entry| wanted(entry));
            let mut names: Vec<Found> =
                names.map(|entry| Found { entry: entry.clone(), source: None }).collect();
            let Some(first) = names.first_mut() else { continue };
            first.entry.kind = entry.kind.clone();
            let target = first.entry.path.clone();
            for other in &mut names[1..] {
                other.entry.kind = Kind::HardLink { target: target.clone() };
            }
            files.entries += names.len() as u64;
            match entry.kind {
                Kind::File(_) => {
                    let place = (origin.sequence.into(), origin.row.into());
                    let stored = files
                        .contents
                        .entry(place)
                        .or_insert_with(|| Stored { file: entry.clone(), nodes: Vec::new() });
                    stored.nodes.push(Node { names });
                }
                _ => files.others.extend(names),
            }
        }
        files
    }
}

impl Files {
    /// Gives entries new paths: those that `of` returns for the old ones.
    pub fn rename(&mut self, of: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        let new = |path: &mut Vec<u8>| *path = of(path).unwrap_or_else(|| std::mem::take(path));
        for found in &mut self.others {
            new(&mut found.entry.path);
            if let Kind::HardLink { target } = &mut found.entry.kind {
                new(target);
            }
        }
        for node in self.contents.values_mut().flat_map(|stored| &mut stored.nodes) {
            let Some(kind) = node.names.first().map(|first| first.entry.kind.clone()) else {
                continue;
            };
            node.names.iter_mut().for_each(|found| new(&mut found.entry.path));
            // The first in path order is the file, to which the others are links.
            node.names.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
            let target = node.names[0].entry.path.clone();
            for found in &mut node.names {
                found.entry.kind = Kind::HardLink { target: target.clone() };
            }
            node.names[0].entry.kind = kind;
        }
    }

    /// Returns the contents that files have.
    fn used(&self) -> impl Iterator<Item = (Place, &Stored)> {
        let all = self.contents.iter().map(|(&place, stored)| (place, stored));
        all.filter(|(_, stored)| !stored.nodes.is_empty())
    }

    /// Returns those that begin in an ENTRY section.
    fn of_section(&self, sequence: u64) -> impl Iterator<Item = (Place, &Stored)> {
        let all = self.contents.range((sequence, 0)..=(sequence, u64::MAX));
        let all = all.map(|(&place, stored)| (place, stored));
        all.filter(|(_, stored)| !stored.nodes.is_empty())
    }
}

/// ENTRY sections whose contents go on in one another.
pub(super) struct Unit<'a>(Vec<&'a Placed>);

impl Unit<'_> {
    /// Returns the units of an archive, in the order of their groups.
    pub fn all(archive: &Archive) -> Vec<Unit<'_>> {
        let mut units: Vec<Unit> = Vec::new();
        for placed in archive.reader.batches() {
            match units.last_mut().filter(|_| placed.batch.continued) {
                Some(unit) => unit.0.push(placed),
                None => units.push(Unit(vec![placed])),
            }
        }
        units
    }

    /// Returns the numbers of the groups.
    pub fn groups(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|one| one.first..one.first + one.batch.group_lengths.len() as u64)
    }

    /// Returns the bytes of the groups that are copied if some are in use.
    fn copied_bytes(&self, is_used: impl Fn(u64) -> bool) -> u64 {
        let groups = self.0.iter().flat_map(|one| {
            let numbered = one.batch.group_lengths.iter().enumerate();
            numbered.map(move |(place, &length)| (one, place, length))
        });
        let copied = groups.filter(|&(one, place, _)| {
            is_used(one.first + place as u64) || !one.batch.stands_alone(place)
        });
        copied.map(|(_, _, length)| length).sum()
    }

    /// Returns the Sequences of the ENTRY sections.
    pub fn sequences(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|placed| placed.sequence)
    }
}

/// Returns the Sequences of the ENTRY sections whose groups are copied: those of which files use
/// half or more of the bytes that would be copied, with what their groups rest on.
pub(super) fn copied(archive: &Archive, files: &Files) -> BTreeSet<u64> {
    copied_if(archive, files, |used, copied| used.saturating_mul(2) >= copied)
}

/// Returns the same, of those ENTRY sections of which enough is in use: `is_enough` judges by
/// the bytes that files use, and those that would be copied.
pub(super) fn copied_if(
    archive: &Archive,
    files: &Files,
    is_enough: impl Fn(u64, u64) -> bool,
) -> BTreeSet<u64> {
    let reader = &archive.reader;
    let units = Unit::all(archive);
    let mut used: BTreeMap<u64, u64> = BTreeMap::new();
    for extent in files.used().flat_map(|(_, stored)| stored.extents()) {
        *used.entry(extent.group).or_default() += extent.length;
    }
    let wanted = |unit: &Unit| {
        let of_unit: u64 = unit.groups().filter_map(|group| used.get(&group)).sum();
        let copied = unit.copied_bytes(|group| used.contains_key(&group));
        of_unit > 0 && is_enough(of_unit, copied)
    };
    let numbered = || units.iter().enumerate();
    let unit_of: BTreeMap<u64, usize> = numbered()
        .flat_map(|(number, unit)| unit.groups().map(move |group| (group, number)))
        .collect();
    let mut chosen: BTreeSet<usize> =
        numbered().filter(|(_, unit)| wanted(unit)).map(|(number, _)| number).collect();
    let base = |group: u64| reader.group(group)?.header.base_group();
    loop {
        let before = chosen.len();
        let groups = chosen.iter().flat_map(|&number| units[number].groups());
        let bases = groups.filter_map(|group| unit_of.get(&base(group)?).copied());
        let bases: Vec<usize> = bases.collect();
        // What the contents have runs in comes along too.
        let sequences: BTreeSet<u64> =
            chosen.iter().flat_map(|&number| units[number].sequences()).collect();
        let stored = files.used().filter(|(place, _)| sequences.contains(&place.0));
        let named = stored.flat_map(|(_, stored)| stored.extents());
        chosen.extend(named.filter_map(|extent| unit_of.get(&extent.group)));
        chosen.extend(bases);
        if chosen.len() == before {
            break;
        }
    }
    chosen.into_iter().flat_map(|number| units[number].sequences()).collect()
}

/// Returns what is not copied: entries without content, and files, whose contents are decoded.
pub(super) fn rest(inputs: &[Input], control: &Control) -> Result<Vec<Found>, ArchiveError> {
    let (mut found, mut store) = (Vec::new(), Store::default());
    for input in inputs {
        found.extend(input.files.others.iter().cloned());
        for (place, stored) in input.files.used() {
            if input.copies(place, stored) {
                continue;
            }
            control.check()?;
            let source = decoded(input.archive, &stored.file, &mut store)?;
            for name in stored.nodes.iter().flat_map(|node| &node.names) {
                found.push(Found { entry: name.entry.clone(), source: Some(source.clone()) });
            }
        }
    }
    found.sort_by(|one, other| compare_paths(&one.entry.path, &other.entry.path));
    Ok(found)
}

/// Decodes the data of a file and keeps it.
fn decoded(archive: &Archive, entry: &Entry, store: &mut Store) -> Result<Source, ArchiveError> {
    let mut reader = archive.reader(entry)?;
    let Kind::File(Content { size, segments: Some(segments), .. }) = &entry.kind else {
        return Ok(Source::Data(store.keep(&entry.path, reader)?));
    };
    let failed = |error| crate::archive::read::archive_error(&entry.path, error);
    let mut kept = Vec::new();
    for segment in segments {
        reader.seek(SeekFrom::Start(segment.offset)).map_err(failed)?;
        kept.push(store.keep(&entry.path, reader.by_ref().take(segment.length))?);
    }
    Ok(Source::Sparse { pieces: kept.into(), size: *size, segments: segments[..].into() })
}

/// Copies the groups of the chosen ENTRY sections, and announces what is live of them. Returns
/// their bytes.
pub(super) fn copy(
    input: &Input,
    writer: &mut Writer<impl Write>,
    done: &mut Copied,
    control: &Control,
) -> Result<u64, ArchiveError> {
    let (reader, kept) = (&input.archive.reader, input.kept());
    done.moved.begin(reader.groups(), writer.stream_length());
    let Copied { numbers, places, moved } = done;
    let mut bytes = 0;
    for placed in input.copied() {
        control.check()?;
        let count = placed.batch.group_lengths.len();
        let dropped = |place: usize| !kept.contains(&(placed.first + place as u64));
        let dropped: Vec<bool> = (0..count).map(dropped).collect();
        let (part, rows) = announced(input, placed, &dropped, moved)?;
        let sequence = writer.sequence();
        let contents = input.files.of_section(placed.sequence);
        let contents = contents.filter(|&(place, stored)| input.copies(place, stored));
        places.extend(contents.filter_map(|((old, row), _)| {
            let new = rows.get(usize::try_from(row).ok()?).copied().flatten()?;
            Some(((old, row), (sequence, new)))
        }));
        writer.write_part(&part)?;
        for group in (0..count).filter(|&place| !dropped[place]) {
            let group = placed.first + group as u64;
            let section = *reader.group(group).ok_or(ArchiveError::Missing)?;
            // An error of reading must not look like one of the output.
            let payload = reader.read_section(&section).map_err(|cause| {
                let (offset, cause) = (section.offset, Arc::new(cause.into()));
                ArchiveError::Group { group, offset, cause }
            })?;
            let header = section.header;
            let base = match header.base_group() {
                Some(base) => {
                    let base = numbers.get(&base).ok_or(ArchiveError::Missing)?;
                    Some(Base::Group((writer.groups() - base) as u32))
                }
                None => header.base,
            };
            let coding = GroupCoding {
                codec: header.codec,
                filter: header.filter,
                model: header.model,
                base,
                capacity: header.capacity,
                is_base: header.is_base(),
            };
            numbers.insert(group, writer.write_group(coding, header.raw_length, &payload)?);
            moved.add(group, header.raw_length);
            bytes += header.raw_length;
        }
    }
    Ok(bytes)
}

/// Returns what an ENTRY section says of its groups, less those that are dropped, with the
/// entries that are live; and the new number of each row that is left.
fn announced(
    input: &Input,
    placed: &Placed,
    dropped: &[bool],
    moved: &Moved,
) -> Result<(Part, Vec<Option<u64>>), ArchiveError> {
    let Input { archive, files, .. } = input;
    let row = usize::try_from(placed.sequence).unwrap_or(usize::MAX);
    let section = &archive.reader.index().sections[row];
    let header = section.header;
    let payload = archive.reader.read_section(section)?;
    let mut part = decode_part(header.codec, &payload, header.raw_length, &archive.limits)?;
    part.removed.clear();
    part.revoked.clear();
    for row in part.rows.iter_mut().filter(|row| row.again.is_some()) {
        *row = Row::default();
    }
    moved.move_runs(&mut part, placed);
    let numbers = placed.batch.drop_groups(&mut part, dropped);
    let mut entries: Vec<(Entry, u64)> = Vec::new();
    let of_section = files.of_section(header.sequence);
    for (place, stored) in of_section.filter(|&(place, stored)| input.copies(place, stored)) {
        for node in &stored.nodes {
            let kind = Kind::File(Content::default());
            let number = usize::try_from(place.1).ok().and_then(|row| *numbers.get(row)?);
            let number = number.ok_or(ArchiveError::Missing)?;
            entries.extend(node.entries(kind).map(|entry| (entry, number)));
        }
    }
    entries.sort_by(|one, other| compare_paths(&one.0.path, &other.0.path));
    part.file_rows = entries.iter().filter(|(entry, _)| entry.is_file()).map(|one| one.1).collect();
    part.entries = entries.into_iter().map(|(entry, _)| entry).collect();
    Ok((part, numbers))
}
