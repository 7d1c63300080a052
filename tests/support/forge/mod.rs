//! A writer of archives from their parts, made from spec/container.md alone.
//!
//! Everything that follows from the parts is computed: numbers, lengths, hashes, digests,
//! the index and the footer. Then each value can be exchanged, while the hashes above it
//! stay right. Nothing is checked: it writes what it is told.

#![allow(dead_code, missing_docs)] // each test crate uses its part of it

mod batch;
pub mod cases;
pub mod generations;
pub mod parity;
mod table;

#[allow(unused_imports)]
pub use batch::{Batch, Item, Kind, Map, Row, Step, content_digest};
pub use table::{Table, Value, varint};

pub fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

pub fn derived(context: &str, bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key(&format!("pear-archive 2026 {context}"), bytes)
}

pub fn tag(context: &str, bytes: &[u8]) -> [u8; 8] {
    derived(context, bytes)[..8].try_into().expect("eight bytes")
}

// ---- sections and what holds them together ---------------------------------

pub const PREFACE: usize = 32;
pub const HEADER: usize = 56;
pub const FOOTER: usize = 72;
pub const SYNC: [u8; 4] = *b"\xF0\x9F\x8D\x90";

pub const ANCILLARY: u8 = 1;
pub const BASE: u8 = 2;

pub const ENTRY: u8 = 1;
pub const DATA: u8 = 2;
pub const INDEX: u8 = 3;
pub const PARITY: u8 = 5;
pub const COMMENT: u8 = 6;
pub const SIGNATURE: u8 = 8;

/// A section without the numbers that follow from its place.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub kind: u8,
    pub flags: u8,
    pub codec: u8,
    pub filter: u8,
    pub model: u16,
    pub base_kind: u8,
    pub capacity: u8,
    pub base: u32,
    pub raw_length: u32,
    pub payload: Vec<u8>,
}

impl Section {
    /// Makes a section whose payload is stored as it is.
    pub fn stored(kind: u8, payload: &[u8]) -> Section {
        let flags = if matches!(kind, PARITY | COMMENT | SIGNATURE) { ANCILLARY } else { 0 };
        let (raw_length, payload) = (payload.len() as u32, payload.to_vec());
        Section { kind, flags, raw_length, payload, ..Section::default() }
    }

    /// Returns the section with its tables in a zstd frame.
    pub fn compressed(mut self) -> Section {
        self.codec = 1;
        self.payload = zstd::bulk::compress(&self.payload, 19).expect("memory suffices");
        self
    }

    /// Returns the section with its tables in a zstd frame, if that is shorter.
    pub fn shortest(self) -> Section {
        let framed = self.clone().compressed();
        if framed.payload.len() < self.payload.len() { framed } else { self }
    }
}

/// Returns an ENTRY section for each batch, and behind it one DATA section for each of
/// its groups, stored as they are.
pub fn sections(batches: &[Batch]) -> Vec<Section> {
    let mut sections = Vec::new();
    for batch in batches {
        sections.push(Section::stored(ENTRY, &batch.table().bytes()));
        sections.extend(batch.groups.iter().map(|group| Section::stored(DATA, group)));
    }
    sections
}

/// Section_Header but for its hash.
#[derive(Clone, Debug)]
pub struct Header {
    pub sync: [u8; 4],
    pub archive_id: [u8; 8],
    pub sequence: u32,
    pub kind: u8,
    pub flags: u8,
    pub codec: u8,
    pub filter: u8,
    pub model: u16,
    pub base_kind: u8,
    pub capacity: u8,
    pub base: u32,
    pub group: u32,
    pub stored_length: u32,
    pub raw_length: u32,
    pub payload_hash: [u8; 8],
}

impl Header {
    fn of(section: &Section, archive_id: [u8; 8], sequence: u32, group: u32) -> Header {
        let Section { kind, flags, codec, filter, model, .. } = *section;
        let Section { base_kind, capacity, base, raw_length, .. } = *section;
        Header {
            sync: SYNC,
            archive_id,
            sequence,
            kind,
            flags,
            codec,
            filter,
            model,
            base_kind,
            capacity,
            base,
            group,
            stored_length: section.payload.len() as u32,
            raw_length,
            payload_hash: digest(&section.payload)[..8].try_into().expect("eight bytes"),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.sync.to_vec();
        bytes.extend(self.archive_id);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend([self.kind, self.flags, self.codec, self.filter]);
        bytes.extend(self.model.to_le_bytes());
        bytes.extend([self.base_kind, self.capacity]);
        for number in [self.base, self.group, self.stored_length, self.raw_length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.payload_hash);
        bytes.extend(tag("section header", &bytes));
        bytes
    }
}

/// A footer but for its hash. What is not stated is what it should be.
#[derive(Clone, Debug, Default)]
pub struct Footer {
    pub index_offset: Option<u64>,
    pub file_length: Option<u64>,
    pub archive_id: Option<[u8; 8]>,
    pub root: Option<[u8; 32]>,
}

/// All parts of an archive, each to be exchanged.
#[derive(Clone, Debug)]
pub struct Archive {
    pub version: (u16, u16),
    pub features: u32,
    pub archive_id: [u8; 8],
    /// What stands before INDEX.
    pub sections: Vec<(Header, Vec<u8>)>,
    pub index: Table,
    /// INDEX but for its payload.
    pub index_section: Section,
    /// What stands between INDEX and the footer.
    pub closing: Vec<Section>,
    pub footer: Footer,
}

impl Archive {
    /// Makes the archive that holds these sections, all of them live.
    pub fn of(sections: &[Section]) -> Archive {
        let archive_id = [7; 8];
        let (mut all, mut group) = (Vec::new(), 0);
        for (sequence, section) in (0..).zip(sections) {
            let header = Header::of(section, archive_id, sequence, group);
            group += u32::from(section.kind == DATA);
            all.push((header, section.payload.clone()));
        }
        Archive {
            version: (0, 7),
            features: 0,
            archive_id,
            sections: all,
            index: index(sections),
            index_section: Section::stored(INDEX, b""),
            closing: Vec::new(),
            footer: Footer::default(),
        }
    }

    /// Makes an archive of these batches.
    pub fn of_batches(batches: &[Batch]) -> Archive {
        Archive::of(&sections(batches))
    }

    /// Returns the archive with another Archive_Id.
    pub fn with_id(mut self, archive_id: [u8; 8]) -> Archive {
        self.archive_id = archive_id;
        self.sections.iter_mut().for_each(|section| section.0.archive_id = archive_id);
        self
    }

    /// Returns the offset of each section before INDEX, and that of INDEX.
    pub fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![PREFACE];
        let mut at = PREFACE;
        for (_, payload) in &self.sections {
            at += HEADER + payload.len();
            offsets.push(at);
        }
        offsets
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"\xF0PEAR\r\n\x1A".to_vec();
        bytes.extend([self.version.0.to_le_bytes(), self.version.1.to_le_bytes()].concat());
        bytes.extend(self.features.to_le_bytes());
        bytes.extend(self.archive_id);
        bytes.extend(tag("preface", &bytes));
        for (header, payload) in &self.sections {
            bytes.extend([&header.bytes(), &payload[..]].concat());
        }
        let mut index = self.index_section.clone();
        index.payload = self.index.bytes();
        index.raw_length = index.payload.len() as u32;
        if index.codec == 1 {
            index = index.compressed();
        }
        let groups = self.sections.iter().filter(|section| section.0.kind == DATA).count() as u32;
        let offset = bytes.len() as u64;
        let (mut root, mut sequence) = (bytes[..PREFACE].to_vec(), self.sections.len() as u32);
        for section in std::iter::once(&index).chain(&self.closing) {
            let header = Header::of(section, self.archive_id, sequence, groups).bytes();
            if section.kind == INDEX && root.len() == PREFACE {
                root.extend([&header[..], &digest(&section.payload)].concat());
            }
            bytes.extend([&header, &section.payload[..]].concat());
            sequence += 1;
        }
        let footer = self.footer_at(bytes.len(), offset, derived("root", &root));
        [bytes, footer].concat()
    }

    /// Returns the archive with a section and another footer behind its footer.
    pub fn closed_again(&self, section: &Section) -> Vec<u8> {
        let bytes = self.bytes();
        let footer = &bytes[bytes.len() - FOOTER..];
        let offset = u64::from_le_bytes(footer[..8].try_into().expect("eight bytes"));
        let root = footer[24..56].try_into().expect("32 bytes");
        let sequence = (self.sections.len() + 1 + self.closing.len()) as u32;
        let groups = self.sections.iter().filter(|section| section.0.kind == DATA).count() as u32;
        let header = Header::of(section, self.archive_id, sequence, groups).bytes();
        let closed = [&bytes, &header[..], &section.payload].concat();
        let footer = self.footer_at(closed.len(), offset, root);
        [closed, footer].concat()
    }

    fn footer_at(&self, at: usize, index_offset: u64, root: [u8; 32]) -> Vec<u8> {
        let Footer { index_offset: offset, file_length, archive_id, root: forged } = self.footer;
        let mut bytes = offset.unwrap_or(index_offset).to_le_bytes().to_vec();
        bytes.extend(file_length.unwrap_or((at + FOOTER) as u64).to_le_bytes());
        bytes.extend(archive_id.unwrap_or(self.archive_id));
        bytes.extend(forged.unwrap_or(root));
        bytes.extend(tag("footer", &bytes));
        bytes.extend(b"\x1A\n\rRAEP\xF0");
        bytes
    }
}

/// A section of an intact archive.
#[derive(Clone, Debug)]
pub struct Place {
    pub kind: u8,
    pub codec: u8,
    pub offset: usize,
    pub payload: std::ops::Range<usize>,
}

impl Place {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.payload.end
    }
}

/// Returns where the sections of an intact archive of one generation lie, in their order.
pub fn places(archive: &[u8]) -> Vec<Place> {
    let (mut places, mut offset) = (Vec::new(), PREFACE);
    while archive.len() - offset > FOOTER {
        let header = &archive[offset..offset + HEADER];
        assert_eq!(header[..4], SYNC, "a section at byte {offset}");
        let stored = u32::from_le_bytes(header[32..36].try_into().expect("four bytes"));
        let start = offset + HEADER;
        let payload = start..start + stored as usize;
        places.push(Place {
            kind: header[16],
            codec: header[18],
            offset,
            payload: payload.clone(),
        });
        offset = payload.end;
    }
    places
}

/// Returns where the groups of an intact archive lie.
pub fn groups(archive: &[u8]) -> Vec<Place> {
    places(archive).into_iter().filter(|place| place.kind == DATA).collect()
}

/// Returns where the INDEX section of an intact archive begins.
pub fn index_offset(archive: &[u8]) -> usize {
    let place = places(archive).into_iter().find(|place| place.kind == INDEX);
    place.expect("an intact archive has an index").offset
}

/// Returns the tables of INDEX (container.md §5).
fn index(sections: &[Section]) -> Table {
    let mut table = Table::default();
    table.varint("Generation", 0);
    table.varint("Index_Flags", 0);
    table.byte("Dated", 0);
    table.varint("Shard_Count", 1);
    table.varint("Section_Count", sections.len() as u64);
    sections.iter().for_each(|section| table.byte("Type", section.kind));
    section_columns(&mut table, &sections.iter().collect::<Vec<_>>(), |_| 1);
    table
}

/// Appends what the index says of sections behind their types. `state` gives the State of the
/// section of a number.
fn section_columns(table: &mut Table, sections: &[&Section], state: impl Fn(usize) -> u8) {
    sections.iter().for_each(|section| table.byte("Flags", section.flags));
    sections.iter().for_each(|section| table.byte("Codec", section.codec));
    for section in sections {
        table.varint("Stored_Length", section.payload.len() as u64);
    }
    let data = || sections.iter().filter(|section| section.kind == DATA);
    for section in data() {
        table.byte("Filter", section.filter);
        table.varint("Model", section.model.into());
    }
    for section in data() {
        table.byte("Base_Kind", section.base_kind);
        table.byte("Capacity", section.capacity);
    }
    for section in data().filter(|section| section.base_kind != 0) {
        table.varint("Base", section.base.into());
    }
    for (number, _) in sections.iter().enumerate().filter(|(_, section)| section.kind == ENTRY) {
        table.byte("State", state(number));
    }
    for section in sections.iter().filter(|section| section.codec != 0) {
        table.varint("Raw_Length", section.raw_length.into());
    }
    for section in sections {
        table.put("Digest", Value::Raw(digest(&section.payload).to_vec()));
    }
}
