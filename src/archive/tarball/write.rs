//! Headers of the members of an exported tar.
//!
//! A member has a plain POSIX header if that can hold everything, and pax records
//! before it if not. Nothing depends on when or where a tar is made.

use super::block::BLOCK;
use super::fields::{XATTR, encode_name};
use super::holes::SEGMENTS;
use super::pax::{put, show_time};
use super::scan::EXTENSION_LIMIT;
use super::sparse::segments_text;
use super::{NotKept, acl};
use crate::entry::{Common, Content, Entry, Kind, Metadata, Segment, Timestamp};
use tar::{EntryType, Header, UstarHeader};

/// Returns the blocks before a member's data. `runs` are the stored parts of a sparse
/// file, as [`stored_runs`] returns them.
///
/// # Errors
/// [`NotKept`] if no header can express the entry.
pub(super) fn headers(
    entry: &Entry,
    data: u64,
    runs: Option<&[Segment]>,
) -> Result<Vec<u8>, NotKept> {
    let map = runs.map(|runs| map(runs, size_of(entry))).unwrap_or_default();
    let mut draft = Draft::default();
    draft.number(field(|header| &mut header.size), "size", data + map.len() as u64);
    draft.metadata(&entry.metadata);
    let typeflag = match &entry.kind {
        Kind::File(_) => EntryType::Regular,
        Kind::Directory => EntryType::Directory,
        Kind::Symlink { target } => draft.link(target, EntryType::Symlink),
        Kind::HardLink { target } => draft.link(target, EntryType::Link),
        Kind::Fifo => EntryType::Fifo,
        &Kind::CharacterDevice { major, minor } => draft.device(major, minor, EntryType::Char)?,
        &Kind::BlockDevice { major, minor } => draft.device(major, minor, EntryType::Block)?,
    };
    draft.header.set_entry_type(typeflag);
    match runs {
        Some(_) => draft.sparse_name(&entry.path, size_of(entry)),
        None => draft.name(entry),
    }
    draft.segments(entry, runs);
    if !matches!(entry.kind, Kind::HardLink { .. }) {
        for (name, value) in &entry.metadata.xattrs {
            draft.record(&[XATTR, &encode_name(name)].concat(), value);
        }
        draft.acls(&entry.metadata);
    }
    let mut blocks = draft.finish(&entry.path);
    blocks.extend(map);
    Ok(blocks)
}

fn size_of(entry: &Entry) -> u64 {
    match &entry.kind {
        Kind::File(content) => content.size,
        _ => 0,
    }
}

/// Returns the runs of a sparse file that are stored: whole blocks, so that all
/// programs agree where each run lies. `None` if that leaves no hole.
pub(super) fn stored_runs(segments: &[Segment], size: u64) -> Option<Vec<Segment>> {
    let mut runs: Vec<Segment> = Vec::new();
    for segment in segments {
        let offset = segment.offset - segment.offset % BLOCK;
        // A segment ends within the file.
        let end = (segment.offset + segment.length).next_multiple_of(BLOCK).min(size);
        match runs.last_mut() {
            Some(last) if last.offset + last.length >= offset => last.length = end - last.offset,
            _ => runs.push(Segment { offset, length: end - offset }),
        }
    }
    let stored: u64 = runs.iter().map(|run| run.length).sum();
    (stored < size).then_some(runs)
}

/// Returns the map of a sparse file, which comes before its data: format 1.0.
fn map(runs: &[Segment], size: u64) -> Vec<u8> {
    let mut runs = runs.to_vec();
    if runs.last().is_none_or(|last| last.offset + last.length < size) {
        // Without this run, a hole at the end would be lost.
        runs.push(Segment { offset: size, length: 0 });
    }
    let mut text = format!("{}\n", runs.len()).into_bytes();
    for Segment { offset, length } in runs {
        text.extend(format!("{offset}\n{length}\n").bytes());
    }
    pad(&mut text);
    text
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
}

/// A header under construction, and the records it needs.
struct Draft {
    header: Header,
    records: Vec<u8>,
    /// Whether a record of text is not UTF-8.
    binary: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Draft { header: Header::new_ustar(), records: Vec::new(), binary: false }
    }
}

/// A field of a POSIX header.
type Field = fn(&mut UstarHeader) -> &mut [u8];

/// Fixes the type of a closure that selects a field.
fn field(field: Field) -> Field {
    field
}

impl Draft {
    fn slot(&mut self, field: Field) -> &mut [u8] {
        field(self.header.as_ustar_mut().expect("the draft has a POSIX header"))
    }

    /// Puts text into a field of which `room` bytes may be used; if it is longer, also
    /// into a record.
    fn text(&mut self, field: Field, room: usize, key: &str, value: &[u8]) {
        let slot = self.slot(field);
        let length = value.len().min(room);
        slot[..length].copy_from_slice(&value[..length]);
        if value.len() > room {
            self.binary |= std::str::from_utf8(value).is_err();
            self.record(key.as_bytes(), value);
        }
    }

    /// Puts a number into a field, or into a record if it has too many digits.
    fn number(&mut self, field: Field, key: &str, value: u64) {
        let slot = self.slot(field);
        let digits = slot.len() - 1;
        let text = format!("{value:0digits$o}");
        if text.len() <= digits {
            slot[..digits].copy_from_slice(text.as_bytes());
        } else {
            slot[..digits].fill(b'0');
            self.record(key.as_bytes(), value.to_string().as_bytes());
        }
    }

    fn record(&mut self, key: &[u8], value: &[u8]) {
        put(&mut self.records, key, value);
    }

    fn metadata(&mut self, metadata: &Metadata) {
        let Metadata { modified, common } = metadata;
        let Common { mode, uid, gid, user, group, .. } = &**common;
        self.header.set_mode(*mode);
        self.number(|header| &mut header.uid, "uid", u64::from(*uid));
        self.number(|header| &mut header.gid, "gid", u64::from(*gid));
        // These fields end with NUL.
        self.text(|header| &mut header.uname, 31, "uname", user);
        self.text(|header| &mut header.gname, 31, "gname", group);
        self.time(*modified);
    }

    fn time(&mut self, time: Timestamp) {
        let whole = u64::try_from(time.seconds).ok().filter(|&seconds| seconds < 1 << 33);
        self.header.set_mtime(whole.unwrap_or(0));
        if whole.is_none() || time.nanoseconds > 0 {
            self.record(b"mtime", show_time(time).as_bytes());
        }
    }

    fn link(&mut self, target: &[u8], typeflag: EntryType) -> EntryType {
        self.text(|header| &mut header.linkname, 100, "linkpath", target);
        typeflag
    }

    fn device(
        &mut self,
        major: u32,
        minor: u32,
        typeflag: EntryType,
    ) -> Result<EntryType, NotKept> {
        if major.max(minor) >= 1 << 21 {
            return Err(NotKept::Device { major, minor });
        }
        self.number(|header| &mut header.dev_major, "", u64::from(major));
        self.number(|header| &mut header.dev_minor, "", u64::from(minor));
        Ok(typeflag)
    }

    fn name(&mut self, entry: &Entry) {
        let mut name = entry.path.clone();
        if entry.kind == Kind::Directory {
            name.push(b'/');
        }
        self.text(|header| &mut header.name, 100, "path", &name);
    }

    /// Sets the header's name of a sparse file. Programs that do not know sparse files
    /// may write the map and the data to a file of this name.
    fn sparse_name(&mut self, path: &[u8], size: u64) {
        self.record(b"GNU.sparse.major", b"1");
        self.record(b"GNU.sparse.minor", b"0");
        self.record(b"GNU.sparse.name", path);
        self.record(b"GNU.sparse.realsize", size.to_string().as_bytes());
        let slash = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let made = [&path[..slash], b"GNUSparseFile.0/", &path[slash..]].concat();
        self.text(|header| &mut header.name, 100, "path", &made);
    }

    /// Records which bytes are data if the stored runs do not show it: stored blocks
    /// may contain the ends of holes.
    fn segments(&mut self, entry: &Entry, runs: Option<&[Segment]>) {
        let Kind::File(Content { segments: Some(segments), .. }) = &entry.kind else { return };
        let text = segments_text(segments);
        // A longer text could not be read again. All that is lost is which bytes are holes.
        if runs != Some(segments) && !text.is_empty() && (text.len() as u64) < EXTENSION_LIMIT / 2 {
            self.record(SEGMENTS.as_bytes(), &text);
        }
    }

    /// Adds access lists as text too, which most tar programs restore.
    fn acls(&mut self, metadata: &Metadata) {
        for (key, attribute) in acl::RECORDS {
            let found = metadata.xattrs.iter().find(|(name, _)| name == attribute);
            if let Some(text) = found.and_then(|(_, value)| acl::text(value)) {
                self.record(key.as_bytes(), &text);
            }
        }
    }

    /// Returns the blocks: records, if there are any, then the header.
    fn finish(mut self, path: &[u8]) -> Vec<u8> {
        let mut blocks = Vec::new();
        if !self.records.is_empty() {
            let mut records = Vec::new();
            if self.binary {
                put(&mut records, b"hdrcharset", b"BINARY");
            }
            records.append(&mut self.records);
            let mut extension = Draft::default();
            extension.header.set_entry_type(EntryType::XHeader);
            extension.header.set_mode(0o644);
            extension.header.set_uid(0);
            extension.header.set_gid(0);
            extension.header.set_size(records.len() as u64);
            let name = [b"PaxHeaders.0/", path].concat();
            let length = name.len().min(100);
            extension.slot(|header| &mut header.name)[..length].copy_from_slice(&name[..length]);
            extension.header.set_cksum();
            blocks.extend_from_slice(extension.header.as_bytes());
            blocks.append(&mut records);
            pad(&mut blocks);
        }
        self.header.set_cksum();
        blocks.extend_from_slice(self.header.as_bytes());
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_whole_blocks_and_hold_every_segment() {
        let segment = |offset, length| Segment { offset, length };
        let runs = |segments: &[Segment]| stored_runs(segments, 10_000);
        assert_eq!(runs(&[]), Some(vec![]));
        assert_eq!(runs(&[segment(600, 10)]), Some(vec![segment(512, 512)]));
        let close = [segment(0, 1), segment(511, 2), segment(9_990, 10)];
        assert_eq!(runs(&close), Some(vec![segment(0, 1024), segment(9_728, 272)]));
        assert_eq!(stored_runs(&[segment(1, 5)], 7), None, "no hole is left");
    }

    #[test]
    fn what_fits_a_plain_header_needs_no_records() {
        let common = Common { mode: 0o644, user: b"user"[..].into(), ..Common::default() };
        let entry = Entry { path: vec![b'n'; 99], kind: Kind::Directory, metadata: common.into() };
        assert_eq!(headers(&entry, 0, None).unwrap().len(), 512);
        let longer = Entry { path: vec![b'n'; 100], ..entry };
        assert_eq!(headers(&longer, 0, None).unwrap().len(), 3 * 512);
    }

    #[test]
    fn what_has_too_many_digits_is_in_a_record() {
        let metadata = Common { uid: 1 << 21, ..Common::default() }.into();
        let kind = Kind::File(Default::default());
        let entry = Entry { path: b"f".to_vec(), kind, metadata };
        let blocks = headers(&entry, 1 << 33, None).unwrap();
        let records = b"19 size=8589934592\n15 uid=2097152\n";
        assert_eq!(blocks[512..512 + records.len()], records[..]);
        assert_eq!(blocks.len(), 3 * 512);
    }

    #[test]
    fn a_device_number_that_does_not_fit_is_said() {
        let device = |minor| {
            let kind = Kind::CharacterDevice { major: 5, minor };
            headers(&Entry { path: b"d".to_vec(), kind, metadata: Metadata::default() }, 0, None)
        };
        assert!(device((1 << 21) - 1).is_ok());
        assert_eq!(device(1 << 21), Err(NotKept::Device { major: 5, minor: 1 << 21 }));
    }
}
