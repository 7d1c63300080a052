//! An archive opened through its index.

use super::bases::BaseCache;
use super::cache::GroupCache;
use super::groups::{known, numbers};
use crate::archive::{ArchiveError, Control, ErrorKind, GivenBases, Limits, Volumes};
use crate::checksum::Digest;
use crate::codec::{self, CodingNumbers};
use crate::container::{
    At, Base, Condition, ContainerError, Gone, LostBatch, ReadAt, Reader, Recovery, Section, Shard,
};
use crate::entry::{Entry, Kind, compare_paths};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// An archive whose index was read and checked, or of which it is known what
/// is left.
///
/// Only what an operation needs is decoded: the groups of the wanted files,
/// and of those only the bytes up to the last wanted one where the codec can
/// stop early.
///
/// Groups are kept once they are decoded, up to a part of the memory allowed
/// ([`Archive::keep_groups`]), so that a loop over files does not decode a group for
/// each of them.
#[derive(Debug)]
pub struct Archive<S = Volumes> {
    pub(in crate::archive) reader: Reader<S>,
    pub(in crate::archive) limits: Limits,
    condition: Condition,
    /// Bytes of memory that entries and contents take.
    pub(in crate::archive) tables: u64,
    pub(super) cache: GroupCache,
    pub(super) bases: BaseCache,
    /// Bases that are not in the archive.
    pub(super) given: GivenBases,
}

/// A decode group, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupInfo {
    /// Number of the group.
    pub group: u64,
    /// Byte offset of its section in the archive.
    pub offset: u64,
    /// How it is coded.
    pub coding: CodingNumbers,
    /// Bytes of its payload.
    pub stored_length: u64,
    /// Bytes once decoded.
    pub raw_length: u64,
    /// The group that it goes on from, if it does.
    pub base: Option<u64>,
    /// The shipped base that it goes on from, by name; `?` if this version has it not.
    pub shipped: Option<&'static str>,
    /// Whether other groups may go on from it.
    pub is_base: bool,
    /// Whether it is a base that is not in the archive: see [`Archive::given_base`].
    pub is_given: bool,
    /// Rough seconds of one core to decode it, once its base is there; `None` if its coding
    /// is not known.
    pub decode_seconds: Option<f64>,
    /// Bytes of memory to decode it, with the base that it goes on from; `None` if its
    /// coding is not known or its length is more than a codec takes.
    pub decode_memory: Option<u64>,
}

impl<S: ReadAt> Archive<S> {
    /// Opens an archive: reads its index and its ENTRY sections. No group is decoded.
    ///
    /// # Errors
    /// [`ArchiveError::Container`]. For an archive that may not be whole see
    /// [`Archive::open_any`].
    pub fn open(source: S, limits: &Limits) -> Result<Self, ArchiveError> {
        Self::open_at(source, limits, At::Newest)
    }

    /// Opens a generation of an archive, as [`Archive::open`] opens the newest.
    ///
    /// # Errors
    /// As [`Archive::open`]; an error of kind [`ErrorKind::Environment`] if there is no such
    /// generation.
    pub fn open_at(source: S, limits: &Limits, at: At) -> Result<Self, ArchiveError> {
        Ok(Self::new(Reader::open_at(source, limits, at)?, limits, Condition::Whole))
    }

    fn new(reader: Reader<S>, limits: &Limits, condition: Condition) -> Self {
        let tables = reader.memory();
        let cache = GroupCache::new(limits.memory);
        let bases = BaseCache::new(limits.memory);
        let given = GivenBases::default();
        Archive { reader, limits: limits.clone(), condition, tables, cache, bases, given }
    }

    /// Gives the archive bases that are not in it. They are part of the memory allowed.
    pub fn with_bases(mut self, bases: GivenBases) -> Self {
        self.tables = self.tables.saturating_add(bases.memory());
        self.given = bases;
        self
    }

    /// Returns the digest of the base that group number `group` stands for, if its bytes are
    /// not in the archive; `None` too if that cannot be read.
    pub fn given_base(&self, group: u64) -> Option<Digest> {
        let section = self.group(group);
        let payload = section.header.is_given().then(|| self.reader.read_section(&section).ok());
        payload??.try_into().ok()
    }

    /// Opens an archive whatever its state: index, footer or preface may be lost,
    /// bytes may be missing at either end or follow it. What is wrong is reported
    /// as a warning. If the archive is not whole it is read once from front to
    /// back; no group is decoded.
    ///
    /// # Errors
    /// [`ArchiveError::Container`] if nothing of an archive is found, or it is for
    /// a newer version or over a limit; [`ArchiveError::Interrupted`].
    pub fn open_any(source: S, limits: &Limits, control: &Control) -> Result<Self, ArchiveError> {
        Self::open_any_at(source, limits, control, At::Newest)
    }

    /// Opens a generation of an archive whatever its state, as [`Archive::open_any`] opens the
    /// newest. If the archive is damaged, that may be one before.
    ///
    /// # Errors
    /// As [`Archive::open_any`] and [`Archive::open_at`].
    pub fn open_any_at(
        source: S,
        limits: &Limits,
        control: &Control,
        at: At,
    ) -> Result<Self, ArchiveError> {
        Self::opened(Reader::open_any(source, limits, control.cancel, at), limits, control)
    }

    /// Opens what a search for intact sections finds of an archive, without use of
    /// its footer.
    ///
    /// # Errors
    /// As [`Archive::open_any`].
    pub fn salvage(source: S, limits: &Limits, control: &Control) -> Result<Self, ArchiveError> {
        Self::opened(
            Reader::recover(source, limits, control.cancel, None, At::Newest),
            limits,
            control,
        )
    }

    /// Opens an archive that is to be changed; returns with it where the bytes start that
    /// follow its end.
    ///
    /// # Errors
    /// As [`Archive::open_any`]; [`ArchiveError::NotWhole`].
    pub(in crate::archive) fn open_whole(
        source: S,
        limits: &Limits,
        control: &Control,
    ) -> Result<(Self, Option<ContainerError>), ArchiveError> {
        let opened = Reader::open_any(source, limits, control.cancel, At::Newest);
        control.check()?;
        let (reader, condition) = opened?;
        let behind = match condition {
            Condition::Whole => None,
            Condition::Behind { offset, generation, bytes } => {
                Some(ContainerError::Behind { offset, generation, bytes })
            }
            Condition::Recovered(_) => return Err(ArchiveError::NotWhole),
        };
        Ok((Self::new(reader, limits, Condition::Whole), behind))
    }

    fn opened(
        result: Result<(Reader<S>, Condition), ContainerError>,
        limits: &Limits,
        control: &Control,
    ) -> Result<Self, ArchiveError> {
        control.check()?;
        let (reader, condition) = result?;
        if reader.index().incomplete {
            control.warn(ArchiveError::Unfinished);
        }
        match &condition {
            Condition::Whole => {}
            &Condition::Behind { offset, generation, bytes } => {
                control.warn(ContainerError::Behind { offset, generation, bytes });
            }
            Condition::Recovered(recovery) => {
                let (cause, missing) = (Arc::clone(&recovery.fault), recovery.missing);
                control.warn(ArchiveError::Salvaged { cause, missing });
                for &LostBatch { offset, groups, bytes } in &recovery.lost_batches {
                    control.warn(ArchiveError::BatchLost { offset, groups, bytes });
                }
            }
        }
        Ok(Self::new(reader, limits, condition))
    }

    /// What is known of an archive that is not whole; `None` if it is.
    pub fn recovery(&self) -> Option<&Recovery> {
        match &self.condition {
            Condition::Recovered(recovery) => Some(recovery),
            _ => None,
        }
    }

    /// What opening found wrong, counted as a failure.
    pub(super) fn failure(&self) -> Option<ErrorKind> {
        match &self.condition {
            Condition::Whole if self.is_incomplete() => Some(ErrorKind::Environment),
            Condition::Whole => None,
            Condition::Behind { .. } => Some(ErrorKind::Environment),
            Condition::Recovered(recovery) => Some(match recovery.fault.kind() {
                ErrorKind::Unsupported => ErrorKind::Unsupported,
                _ => ErrorKind::Integrity,
            }),
        }
    }

    /// Whether all groups of an entry are intact, as far as it is known without
    /// decoding. Always so if the archive is whole: its groups were not looked at.
    pub fn is_intact(&self, entry: &Entry) -> bool {
        let Some(recovery) = self.recovery() else { return true };
        match &entry.kind {
            Kind::File(content) => {
                !content.extents.iter().any(|extent| recovery.spoiled.contains_key(&extent.group))
            }
            Kind::HardLink { target } => self.entry(target).is_some_and(|file| {
                !matches!(file.kind, Kind::HardLink { .. }) && self.is_intact(file)
            }),
            _ => true,
        }
    }

    /// Every entry, in the order of the paths.
    pub fn entries(&self) -> &[Entry] {
        self.reader.entries()
    }

    /// The entries alone.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.reader.into_entries()
    }

    /// The entry of this path.
    pub fn entry(&self, path: impl AsRef<[u8]>) -> Option<&Entry> {
        find(self.entries(), path.as_ref())
    }

    /// The part of a plan that the archive is, if it is one of several. None if it was changed
    /// since, or if its index is lost.
    pub fn shard(&self) -> Option<Shard> {
        self.reader.index().shard
    }

    /// Bytes of the archive.
    pub fn stored_length(&self) -> u64 {
        let groups = || self.reader.groups().iter().map(Section::end).max().unwrap_or(0);
        self.reader.footer().map_or_else(groups, |footer| footer.file_length)
    }

    /// BLAKE3 over the preface and the list of all sections with their digests; `None` if the
    /// archive is not whole.
    pub fn root_hash(&self) -> Option<[u8; 32]> {
        self.reader.footer().map(|footer| footer.root_hash)
    }

    /// The decode groups.
    pub fn groups(&self) -> impl Iterator<Item = GroupInfo> {
        self.reader.groups().iter().map(|section| {
            let (header, numbers) = (section.header, numbers(section));
            let coding = known(section).ok();
            let seconds = |coding| match header.base_group() {
                Some(_) => codec::decode_seconds_from(coding, header.capacity, header.raw_length),
                None => codec::decode_seconds(coding, header.raw_length),
            };
            GroupInfo {
                group: header.group,
                offset: section.offset,
                coding: numbers,
                stored_length: header.stored_length,
                raw_length: header.raw_length,
                base: header.base_group(),
                shipped: match header.base {
                    Some(Base::Shipped(id)) => {
                        Some(codec::ShippedBase::of_id(id).map_or("?", |base| base.name))
                    }
                    _ => None,
                },
                is_base: header.is_base(),
                is_given: header.is_given(),
                decode_seconds: coding.map(seconds),
                decode_memory: Some(self.cost(section).whole()).filter(|&bytes| bytes > 0),
            }
        })
    }
}

impl Archive {
    /// Opens an archive that is a file, or that is in volumes, with the usual limits. No group
    /// is decoded.
    ///
    /// # Errors
    /// As [`Volumes::open`] and [`Archive::open`].
    pub fn open_path(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        Self::open(Volumes::open(path)?, &Limits::default())
    }
}

impl<'a, S: ReadAt> IntoIterator for &'a Archive<S> {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries().iter()
    }
}

impl Archive<Gone> {
    /// Learns from a pipe what an archive holds. Its groups are not kept: nothing
    /// can be extracted.
    ///
    /// # Errors
    /// As [`Archive::open_any`].
    pub fn of_stream(
        input: impl Read,
        limits: &Limits,
        control: &Control,
        at: At,
    ) -> Result<Self, ArchiveError> {
        Self::opened(Reader::of_stream(input, limits, at), limits, control)
    }
}

/// The entry of this path among entries in path order.
pub(super) fn find<'a>(entries: &'a [Entry], path: &[u8]) -> Option<&'a Entry> {
    let found = entries.binary_search_by(|entry| compare_paths(&entry.path, path));
    found.ok().map(|index| &entries[index])
}

/// Bytes of data that an entry has once it is read.
pub(super) fn restored_length(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) if content.is_made() => content.size,
        _ => data_length(entry),
    }
}

/// Bytes that are written of an entry, or made on the way, whichever is more.
pub(super) fn written_length(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => {
            content.size.max(content.recipes.iter().map(|recipe| recipe.outputs()).sum())
        }
        _ => 0,
    }
}

/// Bytes of data an entry has in the groups.
pub(super) fn data_length(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.extents.iter().map(|extent| extent.length).sum(),
        _ => 0,
    }
}
