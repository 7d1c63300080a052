//! The members of a tar, one after the other, with what extends their headers.
//!
//! Blocks and types are those of the `tar` crate; its iterator is not used: it
//! splits pax records at newlines, which names and attributes have, holds
//! extended headers of any length, and does not say where it failed.

use super::block::{self, BLOCK, padded, until_nul};
use super::fields::{device, lost, metadata, one_name, size, sparse_name, sparse_size};
use super::input::Tar;
use super::pax::Records;
use super::sparse::{Lines, Map, map_in_records};
use super::{NotKept, TarFault};
use crate::archive::{ArchiveError, Limits};
use crate::entry::{Metadata, Segment};
use tar::{EntryType, GnuExtSparseHeader, Header};

/// Most bytes of one extended header.
const EXTENSION_LIMIT: u64 = 16 << 20;

/// Most bytes of all global records: every member is read with them.
const GLOBAL_LIMIT: u64 = 64 << 10;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Bytes of the file, holes included, and its segments if it has any.
    File {
        size: u64,
        segments: Option<Vec<Segment>>,
    },
    Directory,
    Symlink,
    HardLink,
    Fifo,
    CharacterDevice {
        major: u32,
        minor: u32,
    },
    BlockDevice {
        major: u32,
        minor: u32,
    },
}

/// One member. Names are as the tar has them.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Where its header is.
    pub offset: u64,
    pub path: Vec<u8>,
    /// What a link points to.
    pub link: Vec<u8>,
    /// What it is; a type byte that stands for something no archive holds.
    pub kind: Result<Type, u8>,
    pub metadata: Metadata,
    /// Where its data begin.
    pub data: u64,
    /// What of it no archive keeps.
    pub lost: Vec<NotKept>,
}

/// What stands in front of a header and extends it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Option<Records>,
}

/// Reads members from the first to the last.
pub(super) struct Scanner<'a> {
    tar: &'a Tar,
    limits: &'a Limits,
    position: u64,
    global: Records,
    /// Runs of data of all sparse files.
    runs: u64,
}

impl<'a> Scanner<'a> {
    /// Nothing is read yet.
    pub fn new(tar: &'a Tar, limits: &'a Limits) -> Scanner<'a> {
        Scanner { tar, limits, position: 0, global: Records::default(), runs: 0 }
    }

    /// Where the next header is; behind the last member, where the tar ends.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next member, `None` at the end.
    ///
    /// # Errors
    /// [`ArchiveError::Tar`], [`ArchiveError::Io`].
    pub fn next(&mut self) -> Result<Option<Member>, ArchiveError> {
        let mut extensions = Extensions::default();
        loop {
            let offset = self.position;
            let Some(header) = self.header()? else {
                let Extensions { name: None, link: None, records: None } = extensions else {
                    return Err(at(offset, truncated("what extends the next header")));
                };
                return Ok(None);
            };
            let done = match header.entry_type() {
                EntryType::GNULongName => set(&mut extensions.name, self.name(&header)?),
                EntryType::GNULongLink => set(&mut extensions.link, self.name(&header)?),
                EntryType::XHeader => set(&mut extensions.records, self.records(&header)?),
                EntryType::XGlobalHeader => {
                    let records = self.records(&header)?;
                    self.add_global(records)
                }
                _ => return self.member(offset, &header, extensions).map(Some),
            };
            done.map_err(|fault| at(offset, fault))?;
        }
    }

    /// Reads the next header; `None` at the end of the tar.
    fn header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let offset = self.position;
        let Some(bytes) = self.tar.block(offset)? else {
            // Two blocks of zeros end a tar. Many programs take less for an
            // end; but none at all is what a cut file looks like.
            return Err(at(offset, truncated("its members: the mark of its end is missing")));
        };
        self.position += BLOCK;
        let header = block::header(&bytes);
        let not_a_tar = |fault| if offset == 0 { TarFault::NotATar } else { fault };
        header.map_err(|fault| at(offset, not_a_tar(fault)))
    }

    /// Reads the data of an extending header.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, ArchiveError> {
        let offset = self.position - BLOCK;
        let length = size(header).map_err(|fault| at(offset, fault))?;
        if length > EXTENSION_LIMIT {
            let field = "extended header bytes";
            let fault = TarFault::TooLarge { field, found: length, limit: EXTENSION_LIMIT };
            return Err(at(offset, fault));
        }
        let data = self.position;
        self.skip(offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.tar.read_exact_at(&mut bytes, data, "an extended header")?;
        Ok(bytes)
    }

    fn name(&mut self, header: &Header) -> Result<Vec<u8>, ArchiveError> {
        let mut name = self.extension(header)?;
        name.pop_if(|last| *last == 0);
        Ok(name)
    }

    fn records(&mut self, header: &Header) -> Result<Records, ArchiveError> {
        let offset = self.position - BLOCK;
        Records::parse(&self.extension(header)?).map_err(|fault| at(offset, fault))
    }

    /// Keeps records for all members that follow.
    fn add_global(&mut self, records: Records) -> Result<(), TarFault> {
        let of_one = ["path", "linkpath", "size"];
        let sparse = |key: &[u8]| key.starts_with(b"GNU.sparse.");
        if of_one.iter().any(|key| records.get(key).is_some())
            || !records.blocks().is_empty()
            || records.iter().any(|(key, _)| sparse(key))
        {
            return Err(malformed("a global header gives all members one name or size"));
        }
        self.global = std::mem::take(&mut self.global).with(records);
        let found = self.global.length() as u64;
        match found > GLOBAL_LIMIT {
            true => {
                let field = "global header bytes";
                Err(TarFault::TooLarge { field, found, limit: GLOBAL_LIMIT })
            }
            false => Ok(()),
        }
    }

    /// Passes over `length` bytes and their padding, which must be there.
    fn skip(&mut self, offset: u64, length: u64) -> Result<(), ArchiveError> {
        let end = padded(length).and_then(|length| self.position.checked_add(length));
        // Only the padding of the last member may be missing.
        let inside = self.position.checked_add(length).filter(|&end| end <= self.tar.length());
        let (Some(end), Some(_)) = (end, inside) else {
            return Err(at(offset, truncated("the data of a member")));
        };
        self.position = end;
        Ok(())
    }

    /// Reads what belongs to a header, and passes over its data.
    fn member(
        &mut self,
        offset: u64,
        header: &Header,
        extensions: Extensions,
    ) -> Result<Member, ArchiveError> {
        let Extensions { name, link, records } = extensions;
        let global = self.global.clone();
        let records = global.with(records.unwrap_or_default());
        let failed = |fault| at(offset, fault);
        let path = one_name(name, sparse_name(&records), &header.path_bytes()).map_err(failed)?;
        let in_header = until_nul(&header.as_old().linkname);
        let link = one_name(link, records.get("linkpath"), in_header).map_err(failed)?;
        let (kind, data) = self.kind(offset, header, &records, &path)?;
        let metadata = metadata(header, &records, self.limits).map_err(failed)?;
        let lost = lost(&records);
        Ok(Member { offset, path, link, kind, metadata, data, lost })
    }

    /// What a member is, and where its data begin; passes over them.
    fn kind(
        &mut self,
        offset: u64,
        header: &Header,
        records: &Records,
        path: &[u8],
    ) -> Result<(Result<Type, u8>, u64), ArchiveError> {
        let failed = |fault| at(offset, fault);
        let stored = match records.number("size").map_err(failed)? {
            Some(size) => size,
            None => size(header).map_err(failed)?,
        };
        let device = || device(header, records).map_err(failed);
        let kind = match header.entry_type() {
            // So did the first tars mark directories.
            EntryType::Regular if path.ends_with(b"/") => Ok(Type::Directory),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let (file, data) = self.file(offset, header, records, stored)?;
                return Ok((Ok(file), data));
            }
            EntryType::Directory => Ok(Type::Directory),
            EntryType::Symlink => Ok(Type::Symlink),
            EntryType::Link => Ok(Type::HardLink),
            EntryType::Fifo => Ok(Type::Fifo),
            EntryType::Char => {
                let (major, minor) = device()?;
                Ok(Type::CharacterDevice { major, minor })
            }
            EntryType::Block => {
                let (major, minor) = device()?;
                Ok(Type::BlockDevice { major, minor })
            }
            other => Err(other.as_byte()),
        };
        // Some programs take such bytes for data, others for the next header.
        if stored > 0 && kind.is_ok() {
            return Err(failed(malformed("a member that is no file has data")));
        }
        let data = self.position;
        self.skip(offset, stored)?;
        Ok((kind, data))
    }

    /// A regular file with `stored` bytes in the tar, and where its data begin.
    fn file(
        &mut self,
        offset: u64,
        header: &Header,
        records: &Records,
        stored: u64,
    ) -> Result<(Type, u64), ArchiveError> {
        let failed = |fault| at(offset, fault);
        let start = self.position;
        let real = || sparse_size(records).map_err(failed);
        let mut in_data = 0;
        let found = if header.entry_type() == EntryType::GNUSparse {
            Some(self.gnu_map(offset, header)?)
        } else if records.get("GNU.sparse.major") == Some(b"1") {
            let map = self.map_in_data(offset, stored)?;
            in_data = self.position - start;
            Some((map, real()?))
        } else {
            match map_in_records(records).map_err(failed)? {
                Some(map) => Some((map, real()?)),
                None => None,
            }
        };
        let (data, stored) = (self.position, stored - in_data);
        self.skip(offset, stored)?;
        let Some((map, size)) = found else {
            return Ok((Type::File { size: stored, segments: None }, data));
        };
        self.count_runs(map.runs()).map_err(failed)?;
        let segments = map.finish(size, stored).map_err(failed)?;
        Ok((Type::File { size, segments }, data))
    }

    /// The map of GNU's own type: in the header and in blocks behind it.
    fn gnu_map(&mut self, offset: u64, header: &Header) -> Result<(Map, u64), ArchiveError> {
        let failed = |fault| at(offset, fault);
        let Some(gnu) = header.as_gnu() else {
            return Err(failed(malformed("a sparse file without a GNU header")));
        };
        let real = block::size(&gnu.realsize);
        let size = real.ok_or_else(|| failed(TarFault::Number { field: "real size" }))?;
        let mut map = Map::default();
        map.push_headers(&gnu.sparse).map_err(failed)?;
        let mut extended = gnu.is_extended();
        while extended {
            let mut extension = GnuExtSparseHeader::new();
            let bytes = extension.as_mut_bytes();
            self.tar.read_exact_at(bytes, self.position, "the map of a sparse file")?;
            self.position += BLOCK;
            map.push_headers(extension.sparse()).map_err(failed)?;
            self.check_runs(map.runs()).map_err(failed)?;
            extended = extension.is_extended();
        }
        Ok((map, size))
    }

    /// The map at the start of a member's data.
    fn map_in_data(&mut self, offset: u64, stored: u64) -> Result<Map, ArchiveError> {
        let (mut lines, mut left) = (Lines::default(), stored);
        loop {
            let Some(bytes) = self.tar.block(self.position)?.filter(|_| left >= BLOCK) else {
                return Err(at(offset, truncated("the map of a sparse file")));
            };
            self.position += BLOCK;
            left -= BLOCK;
            let done = lines.take(&bytes).map_err(|fault| at(offset, fault))?;
            self.check_runs(lines.runs()).map_err(|fault| at(offset, fault))?;
            if done {
                return Ok(lines.map());
            }
        }
    }

    fn check_runs(&self, more: u64) -> Result<(), TarFault> {
        let (found, limit) = (self.runs + more, self.limits.extents);
        let field = "data segments";
        if found > limit { Err(TarFault::TooLarge { field, found, limit }) } else { Ok(()) }
    }

    fn count_runs(&mut self, runs: u64) -> Result<(), TarFault> {
        self.check_runs(runs)?;
        self.runs += runs;
        Ok(())
    }
}

/// An error about what is at `offset`.
pub(super) fn at(offset: u64, fault: TarFault) -> ArchiveError {
    ArchiveError::Tar { offset, fault }
}

fn truncated(structure: &'static str) -> TarFault {
    TarFault::Truncated { structure }
}

fn malformed(cause: &'static str) -> TarFault {
    TarFault::Malformed { cause }
}

fn set<T>(place: &mut Option<T>, value: T) -> Result<(), TarFault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(malformed("it is extended twice in the same way")),
    }
}
