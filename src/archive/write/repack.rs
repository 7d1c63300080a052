//! Makes an archive of what is live in another: groups are copied without being decoded.

use super::coding::Coded;
use super::create::{Amended, CreateOptions, CreateSummary, name_output, write_planned};
use super::data::Store;
use super::output::Output;
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
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

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
/// appears whole under the name `path` or not at all. Groups of batches of which half or more
/// is live are copied; the files of others are decoded and coded anew, and wait in the
/// directory for temporary files meanwhile.
///
/// # Errors
/// [`ArchiveError::NotWhole`] if the archive is damaged; damage of what is copied or decoded;
/// otherwise as [`super::create`].
pub fn repack(
    archive: &Archive<File>,
    path: &Path,
    options: &RepackOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let files = Files::of(archive, |_| true);
    let mut input = Input { archive, files, units: BTreeSet::new() };
    if !options.recode {
        input.units = copied(archive, &input.files);
    }
    write(&[input], path, &options.create, control)
}

/// An archive of which entries are taken.
pub(super) struct Input<'a> {
    pub archive: &'a Archive<File>,
    pub files: Files,
    /// Sequences of the ENTRY sections whose groups are copied.
    pub units: BTreeSet<u64>,
}

impl Input<'_> {
    /// Returns the groups that are copied of the chosen ENTRY sections: those that files lie in,
    /// those that cannot be taken out, and those that others rest on.
    fn kept(&self) -> BTreeSet<u64> {
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
/// all.
pub(super) fn write(
    inputs: &[Input],
    path: &Path,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let roots = inputs.iter().map(|input| input.archive.root_hash());
    let roots: Vec<[u8; 32]> = roots.collect::<Option<_>>().ok_or(ArchiveError::NotWhole)?;
    let output = Output::new(path)?;
    let found = rest(inputs, control)?;
    let tables = inputs.iter().map(|input| input.archive.tables).fold(0, u64::saturating_add);
    let memory = options.memory.saturating_sub(tables);
    let planned = plan(found.into_iter().map(Ok), options.jobs, memory, control)?;
    let create = CreateOptions { memory, ..options.clone() };
    let mut bytes = 0;
    let begin = |_| {
        let buffer = BufWriter::with_capacity(1 << 20, output.file());
        let mut writer = Writer::new(buffer, archive_id(&roots))?;
        let mut chunks = Vec::new();
        for input in inputs {
            let (moved, copied) = copy(input, &mut writer, control)?;
            chunks.extend(moved.chunks(blocks(input.archive, control)));
            bytes += copied;
        }
        writer.write_chunks(&chunks)?;
        Ok(writer)
    };
    let written = write_planned(planned, Amended::default(), &create, control, begin);
    let written = written.and_then(|coded| {
        let Coded { writer, bytes: coded, groups, .. } = coded;
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

/// The same archives give the same id.
fn archive_id(roots: &[[u8; 32]]) -> Tag {
    let mut hasher = Hasher::derived(Context::ArchiveId);
    roots.iter().for_each(|root| hasher.update(root));
    hasher.tag()
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
    pub fn of(archive: &Archive<File>, wanted: impl Fn(&Entry) -> bool) -> Files {
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
    /// Returns the contents that files have.
    fn used(&self) -> impl Iterator<Item = (Place, &Stored)> {
        let all = self.contents.iter().map(|(&place, stored)| (place, stored));
        all.filter(|(_, stored)| !stored.nodes.is_empty())
    }
}

/// ENTRY sections whose contents go on in one another.
struct Unit<'a>(Vec<&'a Placed>);

impl Unit<'_> {
    /// Returns the numbers of the groups.
    fn groups(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|one| one.first..one.first + one.batch.group_lengths.len() as u64)
    }

    /// Returns the bytes of the groups.
    fn bytes(&self) -> u64 {
        self.0.iter().map(|placed| placed.batch.length()).sum()
    }

    /// Returns the Sequences of the ENTRY sections.
    fn sequences(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|placed| placed.sequence)
    }
}

/// Returns the Sequences of the ENTRY sections whose groups are copied: those of which files use
/// half of the bytes or more, with what their groups rest on.
pub(super) fn copied(archive: &Archive<File>, files: &Files) -> BTreeSet<u64> {
    let reader = &archive.reader;
    let mut units: Vec<Unit> = Vec::new();
    let mut used: BTreeMap<u64, u64> = BTreeMap::new();
    for extent in files.used().flat_map(|(_, stored)| stored.extents()) {
        *used.entry(extent.group).or_default() += extent.length;
    }
    let wanted = |unit: &Unit| {
        let used: u64 = unit.groups().filter_map(|group| used.get(&group)).sum();
        used > 0 && used.saturating_mul(2) >= unit.bytes()
    };
    for placed in reader.batches() {
        match units.last_mut().filter(|_| placed.batch.continued) {
            Some(unit) => unit.0.push(placed),
            None => units.push(Unit(vec![placed])),
        }
    }
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
fn rest(inputs: &[Input], control: &Control) -> Result<Vec<Found>, ArchiveError> {
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
fn decoded(
    archive: &Archive<File>,
    entry: &Entry,
    store: &mut Store,
) -> Result<Source, ArchiveError> {
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
/// where they are now, and their bytes.
fn copy(
    input: &Input,
    writer: &mut Writer<impl Write>,
    control: &Control,
) -> Result<(Moved, u64), ArchiveError> {
    let (reader, kept) = (&input.archive.reader, input.kept());
    // New numbers of the groups.
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    let mut moved = Moved::new(reader.groups(), writer.stream_length());
    let mut bytes = 0;
    for placed in input.copied() {
        control.check()?;
        let count = placed.batch.group_lengths.len();
        let dropped = |place: usize| !kept.contains(&(placed.first + place as u64));
        let dropped: Vec<bool> = (0..count).map(dropped).collect();
        writer.write_part(&announced(input, placed, &dropped, &moved)?)?;
        for group in (0..count).filter(|&place| !dropped[place]) {
            let group = placed.first + group as u64;
            let section = *reader.group(group).ok_or(ArchiveError::Missing)?;
            let payload = reader.read_section(&section)?;
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
    Ok((moved, bytes))
}

/// Returns what an ENTRY section says of its groups, less those that are dropped, with the
/// entries that are live.
fn announced(
    input: &Input,
    placed: &Placed,
    dropped: &[bool],
    moved: &Moved,
) -> Result<Part, ArchiveError> {
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
    let sequence = header.sequence;
    let mut entries: Vec<(Entry, u64)> = Vec::new();
    for ((_, row), stored) in files.contents.range((sequence, 0)..=(sequence, u64::MAX)) {
        if !input.copies((sequence, *row), stored) {
            continue;
        }
        for node in &stored.nodes {
            let kind = Kind::File(Content::default());
            let number = usize::try_from(*row).ok().and_then(|row| *numbers.get(row)?);
            let number = number.ok_or(ArchiveError::Missing)?;
            entries.extend(node.entries(kind).map(|entry| (entry, number)));
        }
    }
    entries.sort_by(|one, other| compare_paths(&one.0.path, &other.0.path));
    part.file_rows = entries.iter().filter(|(entry, _)| entry.is_file()).map(|one| one.1).collect();
    part.entries = entries.into_iter().map(|(entry, _)| entry).collect();
    Ok(part)
}
