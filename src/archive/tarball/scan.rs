//! The members of a tar, one after the other, with their extended headers.
//!
//! Blocks and types are those of the `tar` crate. Its iterator is not used: it splits
//! pax records at newlines, which names and attributes can contain, holds extended
//! headers of any length, and does not say where it failed.

use super::block::{self, BLOCK, padded, until_nul};
use super::fields::{device, lost, metadata, one_name, size, sparse_name};
use super::holes::SEGMENTS;
use super::input::Tar;
use super::part::Extent;
use super::pax::Records;
use super::{NotKept, TarFault};
use crate::archive::{ArchiveError, Limits};
use crate::entry::Metadata;
use tar::{EntryType, Header};

/// Maximum bytes of one extended header.
pub(super) const EXTENSION_LIMIT: u64 = 16 << 20;

/// Maximum bytes of all global records, because every member is read with them.
const GLOBAL_LIMIT: u64 = 64 << 10;

/// The type of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    File(Extent),
    Directory,
    Symlink,
    HardLink,
    Fifo,
    CharacterDevice { major: u32, minor: u32 },
    BlockDevice { major: u32, minor: u32 },
}

/// One member, with names as in the tar.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Offset of its header.
    pub offset: u64,
    pub path: Vec<u8>,
    /// Target of a link.
    pub link: Vec<u8>,
    /// Its type; or the type byte of something that no archive holds.
    pub kind: Result<Type, u8>,
    pub metadata: Metadata,
    /// Offset of its data.
    pub data: u64,
    /// Properties that no archive keeps, and oddities.
    pub lost: Vec<NotKept>,
}

/// The meaning of the bytes after a header.
struct Body {
    /// As in [`Member`].
    kind: Result<Type, u8>,
    data: u64,
    odd: Option<NotKept>,
}

/// The headers before a header that extend it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Option<Records>,
}

/// A reader of members from the first to the last.
pub(super) struct Scanner<'a> {
    pub(super) tar: &'a Tar,
    pub(super) limits: &'a Limits,
    position: u64,
    global: Records,
    /// Type byte of an unknown header that may extend the next member.
    unknown: Option<u8>,
    unmarked: bool,
    /// Number of runs of data of all sparse files.
    runs: u64,
}

impl<'a> Scanner<'a> {
    /// Starts without reading.
    pub fn new(tar: &'a Tar, limits: &'a Limits) -> Scanner<'a> {
        let (global, unknown) = Default::default();
        Scanner { tar, limits, position: 0, global, unknown, unmarked: false, runs: 0 }
    }

    /// Returns the offset of the next header, or, after the last member, of the tar's
    /// end.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Skips a block that was read.
    pub(super) fn pass_block(&mut self) {
        self.position += BLOCK;
    }

    /// Continues at another place, after looking ahead.
    pub(super) fn go_to(&mut self, position: u64) {
        self.position = position;
    }

    /// Returns whether the tar ended without an end mark, once there is no next member.
    pub fn is_unmarked(&self) -> bool {
        self.unmarked
    }

    /// Returns the next member, `None` at the end.
    ///
    /// # Errors
    /// [`ArchiveError::Tar`], [`ArchiveError::Io`].
    pub fn next(&mut self) -> Result<Option<Member>, ArchiveError> {
        let mut extensions = Extensions::default();
        loop {
            let offset = self.position;
            let Some(header) = self.header()? else {
                let Extensions { name: None, link: None, records: None } = extensions else {
                    return Err(at(offset, truncated("a member, after its extended header")));
                };
                return Ok(None);
            };
            let done = match header.entry_type() {
                // Solaris writes `X` for what later became `x`.
                EntryType::XHeader => set(&mut extensions.records, self.records(&header)?),
                other if other.as_byte() == b'X' => {
                    set(&mut extensions.records, self.records(&header)?)
                }
                EntryType::GNULongName => set(&mut extensions.name, self.name(&header)?),
                EntryType::GNULongLink => set(&mut extensions.link, self.name(&header)?),
                EntryType::XGlobalHeader => {
                    let records = self.records(&header)?;
                    self.add_global(records)
                }
                _ => return self.member(offset, &header, extensions).map(Some),
            };
            done.map_err(|fault| at(offset, fault))?;
        }
    }

    /// Reads the next header; returns `None` at the end of the tar.
    fn header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let offset = self.position;
        let Some(bytes) = self.tar.block(offset)? else {
            // Two blocks of zeros end a tar. Many programs write or accept fewer.
            self.unmarked = offset > 0;
            return match self.unmarked {
                false => Err(at(offset, TarFault::Empty)),
                true => Ok(None),
            };
        };
        self.position += BLOCK;
        let header = block::header(&bytes);
        let not_a_tar = |fault| if offset == 0 { TarFault::NotATar } else { fault };
        header.map_err(|fault| at(offset, not_a_tar(fault)))
    }

    /// Reads the data of an extended header.
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

    /// Applies records to all members that follow.
    fn add_global(&mut self, records: Records) -> Result<(), TarFault> {
        let of_one = ["path", "linkpath", "size", SEGMENTS];
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

    /// Skips `length` bytes and their padding, which must be present.
    pub(super) fn skip(&mut self, offset: u64, length: u64) -> Result<(), ArchiveError> {
        let end = padded(length).and_then(|length| self.position.checked_add(length));
        // Only the padding of the last member may be missing.
        let inside = self.position.checked_add(length).filter(|&end| end <= self.tar.length());
        let (Some(end), Some(_)) = (end, inside) else {
            return Err(at(offset, truncated("the data of a member")));
        };
        self.position = end;
        Ok(())
    }

    /// Reads the member of a header, and skips its data.
    fn member(
        &mut self,
        offset: u64,
        header: &Header,
        extensions: Extensions,
    ) -> Result<Member, ArchiveError> {
        let Extensions { name, link, records } = extensions;
        let is_named = (name.is_some(), link.is_some());
        let is_pax = records.is_some();
        let global = self.global.clone();
        let records = global.with(records.unwrap_or_default());
        let failed = |fault| at(offset, fault);
        let path = one_name(name, sparse_name(&records), &header.path_bytes()).map_err(failed)?;
        let in_header = until_nul(&header.as_old().linkname);
        let link = one_name(link, records.get("linkpath"), in_header).map_err(failed)?;
        self.check_names(header, is_named, &records, &path).map_err(failed)?;
        let Body { kind, data, odd } = self.kind(offset, header, &records, is_pax, &path)?;
        let (metadata, mut lost_here) = metadata(header, &records, self.limits).map_err(failed)?;
        lost_here.extend(lost(&records));
        lost_here.extend(odd);
        Ok(Member { offset, path, link, kind, metadata, data, lost: lost_here })
    }

    /// Refuses a name that may be incomplete, because a header before it that was not
    /// understood may have given the full name: this one fills its field.
    fn check_names(
        &mut self,
        header: &Header,
        (name, link): (bool, bool),
        records: &Records,
        path: &[u8],
    ) -> Result<(), TarFault> {
        let Some(typeflag) = self.unknown.take() else { return Ok(()) };
        let full = |field: &[u8]| until_nul(field).len() + 1 >= field.len();
        let cut_name = !name && sparse_name(records).is_none();
        let cut_link = !link && records.get("linkpath").is_none();
        let old = header.as_old();
        // The first two types never leave the name to the header: names too long in old GNU
        // tars, attributes that are files in Solaris tars.
        let is_cut = cut_name && (matches!(typeflag, b'N' | b'E') || full(&old.name))
            || cut_link && full(&old.linkname);
        match is_cut {
            true => Err(TarFault::CutName { path: path.to_vec(), typeflag }),
            false => Ok(()),
        }
    }

    /// Returns the type of a member, the offset of its data, and its oddities; skips
    /// its data.
    fn kind(
        &mut self,
        offset: u64,
        header: &Header,
        records: &Records,
        is_pax: bool,
        path: &[u8],
    ) -> Result<Body, ArchiveError> {
        let failed = |fault| at(offset, fault);
        let stored = match records.number("size").map_err(failed)? {
            Some(size) => size,
            None => size(header).map_err(failed)?,
        };
        let device = || device(header, records).map_err(failed);
        let kind = match header.entry_type() {
            // The first tars marked directories like this.
            EntryType::Regular if path.ends_with(b"/") => Type::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let (file, data) = self.file(offset, header, records, stored)?;
                return Ok(Body { kind: Ok(Type::File(file)), data, odd: None });
            }
            EntryType::Directory => Type::Directory,
            EntryType::Symlink => Type::Symlink,
            EntryType::Link => Type::HardLink,
            EntryType::Fifo => Type::Fifo,
            EntryType::Char => {
                let (major, minor) = device()?;
                Type::CharacterDevice { major, minor }
            }
            EntryType::Block => {
                let (major, minor) = device()?;
                Type::BlockDevice { major, minor }
            }
            other => return self.other(offset, other.as_byte(), stored),
        };
        let data = self.position;
        if stored == 0 {
            return Ok(Body { kind: Ok(kind), data, odd: None });
        }
        self.no_data(offset, stored, is_pax && kind == Type::HardLink)?;
        Ok(Body { kind: Ok(kind), data, odd: Some(NotKept::Size) })
    }

    /// Handles a member of a type that POSIX does not know; its data is skipped.
    fn other(&mut self, offset: u64, typeflag: u8, stored: u64) -> Result<Body, ArchiveError> {
        let data = self.position;
        self.skip(offset, stored)?;
        let kind = match typeflag {
            // A directory of GNU's incremental tars; its data names the files that were in
            // it.
            b'D' => Ok(Type::Directory),
            other => Err(other),
        };
        // The label of a volume and the rest of a file extend nothing.
        if !matches!(typeflag, b'D' | b'V' | b'M') {
            self.unknown = Some(typeflag);
        }
        Ok(Body { kind, data, odd: None })
    }

    pub(super) fn check_runs(&self, more: u64) -> Result<(), TarFault> {
        let (found, limit) = (self.runs + more, self.limits.extents);
        let field = "data segments";
        if found > limit { Err(TarFault::TooLarge { field, found, limit }) } else { Ok(()) }
    }

    pub(super) fn count_runs(&mut self, runs: u64) -> Result<(), TarFault> {
        self.check_runs(runs)?;
        self.runs += runs;
        Ok(())
    }
}

/// Makes an error about the header at `offset`.
pub(super) fn at(offset: u64, fault: TarFault) -> ArchiveError {
    ArchiveError::Tar { offset, fault }
}

pub(super) fn truncated(structure: &'static str) -> TarFault {
    TarFault::Truncated { structure }
}

pub(super) fn malformed(cause: &'static str) -> TarFault {
    TarFault::Malformed { cause }
}

fn set<T>(place: &mut Option<T>, value: T) -> Result<(), TarFault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(malformed("two extended headers give the same field")),
    }
}
