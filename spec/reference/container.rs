//! A reader of .pear containers written from container.md alone.
//!
//! It shares no code with the crate and takes the shortest way: everything is
//! in memory, anything wrong is a message, and what is only unknown has one that
//! begins with "unsupported". It reads Forms 0, 1, 4 and 5, and PARITY of Code 2; SIGNATURE is skipped. Section numbers in comments are those of
//! container.md. Groups are handed out as stored; what is in them is the business of
//! codec.md.

#[path = "contents.rs"]
mod contents;
#[path = "entries.rs"]
mod entries;
#[path = "index.rs"]
mod index;
#[path = "parity.rs"]
mod parity;
#[path = "recipes.rs"]
pub mod recipes;
#[path = "table.rs"]
mod table;

pub use contents::Content;
use contents::{Files, Span};
pub use entries::Entry;
use index::read_index;
use parity::Parity;
use table::Table;

/// A section as §4.1 describes it.
#[derive(Clone)]
pub struct Section {
    pub offset: usize,
    pub kind: u8,
    pub flags: u8,
    pub codec: u8,
    pub filter: u8,
    pub model: u16,
    pub base_kind: u8,
    pub capacity: u8,
    pub base: u32,
    pub group: u32,
    pub raw_length: u32,
    pub payload: Vec<u8>,
}

/// Where the decoder of a group starts (§4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Anew,
    /// Behind the group of this number.
    Group(u32),
    /// Behind the shipped base whose digest starts with these bytes.
    Shipped([u8; 4]),
}

/// What an archive says: its groups in the order of the stream, and its entries in the
/// order of their paths.
pub struct Archive {
    pub groups: Vec<Section>,
    /// Every other section, INDEX and what stands behind it included.
    pub others: Vec<Section>,
    pub entries: Vec<Entry>,
    /// Where contents lie in the stream; entries name them by number.
    pub contents: Vec<Content>,
    spans: Vec<Span>,
    /// Where each generation ends.
    pub ends: Vec<usize>,
}

pub type Result<T> = std::result::Result<T, String>;

fn need(kept: bool, rule: &str) -> Result<()> {
    if kept { Ok(()) } else { Err(rule.to_owned()) }
}

fn known(is_known: bool, what: impl Fn() -> String) -> Result<()> {
    if is_known { Ok(()) } else { Err(format!("unsupported: {}", what())) }
}

/// §2.3, rule 1
fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// §2.3, rule 2
fn derived(context: &str, bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key(&format!("pear-archive 2026 {context}"), bytes)
}

/// §2.3, rule 3
fn tag(context: &str, bytes: &[u8]) -> [u8; 8] {
    let hash = derived(context, bytes);
    std::array::from_fn(|i| hash[i])
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn sum(left: u64, right: u64) -> Result<u64> {
    left.checked_add(right).ok_or("a sum does not fit 64 bits".to_owned())
}

/// A generation as it was met: its INDEX section by number, and its end.
struct Closed {
    index: usize,
    root: Vec<u8>,
    end: usize,
}

/// What stands before an INDEX section (§5.2).
#[derive(Clone, Copy)]
enum Row {
    Section(usize),
    Footer,
}

/// §8: reads the generation of this number.
pub fn read_generation(archive: &[u8], number: usize) -> Result<Archive> {
    let newest = read(archive)?;
    let end = *newest.ends.get(number).ok_or("there is no such generation")?;
    let generation = read(&archive[..end])?;
    need(generation.ends.len() == number + 1, "another generation than in the newest INDEX")?;
    Ok(generation)
}

/// §12: reads an archive that ends with its footer.
pub fn read(archive: &[u8]) -> Result<Archive> {
    need(archive.len() >= 32 + 56 + 72, "too short")?;
    read_preface(archive)?;
    let footer = read_footer(archive, archive.len())?;
    need(is_index(archive, footer.0), "no INDEX section at Index_Offset")?;
    let (mut sections, mut at, mut groups) = (Vec::<Section>::new(), 32, 0);
    let (mut rows, mut closed) = (Vec::new(), Vec::<Closed>::new());
    // INDEX of the generation, and how many rows stand before it.
    let mut index: Option<(usize, usize)> = None;
    while at < archive.len() {
        // §13, rule 1: what tells a footer from a section.
        let may_be_footer = archive.len() - at >= 72 && is_footer(&archive[at..at + 72]);
        if let Some((number, _)) = index.filter(|_| may_be_footer) {
            let (offset, root) = read_footer(archive, at + 72)?;
            let section: &Section = &sections[number];
            // All footers of the last generation say the same.
            let is_last = footer.0 == section.offset as u64;
            need(
                !is_last || (offset, &root) == (footer.0, &footer.1),
                "footers of one generation differ",
            )?;
            need(offset == section.offset as u64, "Index_Offset")?;
            // §7
            let from = section.offset;
            let of = [&archive[..32], &archive[from..from + 56], &digest(&section.payload)];
            need(root == derived("root", &of.concat()), "Root_Hash")?;
            at += 72;
            closed.retain(|one| one.index != number);
            closed.push(Closed { index: number, root, end: at });
            rows.push(Row::Footer);
            continue;
        }
        let section = read_section(archive, at, sections.len(), groups)?;
        groups += usize::from(section.kind == 2);
        let closing = matches!(section.kind, 5 | 8);
        need(!closing || index.is_some(), "PARITY or SIGNATURE too early")?;
        if !closing && index.is_some() {
            // §1: another generation begins, behind a footer.
            let ended = matches!(rows.last(), Some(Row::Footer));
            need(ended, "a section between INDEX and the footer")?;
            index = None;
        }
        if section.kind == 3 {
            index = Some((sections.len(), rows.len()));
        }
        at += 56 + section.payload.len();
        rows.push(Row::Section(sections.len()));
        sections.push(section);
    }
    let (index, before) = index.ok_or("there is no INDEX")?;
    need(matches!(rows.last(), Some(Row::Footer)), "no footer at the end")?;
    need(closed.last().is_some_and(|one| one.root == footer.1), "the last footer")?;
    let earlier = &closed[..closed.len() - 1];
    let states = read_index(&sections[index], &sections, &rows[..before], earlier)?;
    let files = Files::of(&sections[..index], &states)?;
    let Files { entries, contents, spans, .. } = files;
    let (groups, others) = sections.into_iter().partition(|section| section.kind == 2);
    let ends = closed.iter().map(|one| one.end).collect();
    Ok(Archive { groups, others, entries, contents, spans, ends })
}

/// §3
fn read_preface(archive: &[u8]) -> Result<()> {
    need(archive[..8] == *b"\xF0PEAR\r\n\x1A", "Magic")?;
    need(tag("preface", &archive[..24]) == archive[24..32], "Preface_Hash")?;
    let (major, minor) = (number(&archive[8..10]), number(&archive[10..12]));
    known((major, minor) == (0, 7), || format!("version {major}.{minor}"))?;
    let features = number(&archive[12..16]);
    known(features == 0, || format!("Required_Features {features:#x}"))
}

fn is_footer(bytes: &[u8]) -> bool {
    bytes[64..] == *b"\x1A\n\rRAEP\xF0" && tag("footer", &bytes[..56]) == bytes[56..64]
}

fn is_index(archive: &[u8], offset: u64) -> bool {
    let rest = usize::try_from(offset).ok().and_then(|offset| archive.get(offset..));
    rest.and_then(|rest| rest.get(..56)).is_some_and(|header| {
        header[16] == 3 && tag("section header", &header[..48]) == header[48..]
    })
}

/// §7: Index_Offset and Root_Hash of the footer that ends at `end`.
fn read_footer(archive: &[u8], end: usize) -> Result<(u64, Vec<u8>)> {
    let footer = &archive[end - 72..end];
    need(is_footer(footer), "Footer_Hash")?;
    need(number(&footer[8..16]) == end as u64, "File_Length")?;
    need(footer[16..24] == archive[16..24], "Archive_Id")?;
    Ok((number(&footer[..8]), footer[24..56].to_vec()))
}

/// §4.1, §4.2: the section at `at`, which has `sections` sections and `groups` DATA
/// sections before it.
fn read_section(archive: &[u8], at: usize, sections: usize, groups: usize) -> Result<Section> {
    need(archive.len() - at >= 56, "a section is cut off")?;
    let (header, rest) = archive[at..].split_at(56);
    need(header[..4] == *b"\xF0\x9F\x8D\x90", "Sync")?;
    need(tag("section header", &header[..48]) == header[48..], "Header_Hash")?;
    need(header[4..12] == archive[16..24], "Archive_Id")?;
    need(number(&header[12..16]) == sections as u64, "Sequence")?;
    let stored = number(&header[32..36]) as usize;
    need(stored <= rest.len(), "Stored_Length")?;
    need(digest(&rest[..stored])[..8] == header[40..48], "Payload_Hash")?;
    let section = Section {
        offset: at,
        kind: header[16],
        flags: header[17],
        codec: header[18],
        filter: header[19],
        model: number(&header[20..22]) as u16,
        base_kind: header[22],
        capacity: header[23],
        base: number(&header[24..28]) as u32,
        group: number(&header[28..32]) as u32,
        raw_length: number(&header[36..40]) as u32,
        payload: rest[..stored].to_vec(),
    };
    need(section.group as usize == groups, "Group")?;
    section.check()?;
    Ok(section)
}

impl Section {
    /// §4.2, rules 1 to 3
    fn check(&self) -> Result<()> {
        let ancillary = self.flags & 1 == 1;
        need(self.flags & !3 == 0, "Flags")?;
        match self.kind {
            0 => return Err("Type 0".to_owned()),
            1..=3 => need(!ancillary, "the ancillary flag is set")?,
            5 | 6 | 8 | 9 => need(ancillary, "the ancillary flag is not set")?,
            other => known(ancillary, || format!("Type {other}"))?,
        }
        match self.kind {
            1 | 3 | 6 | 9 => need(self.codec <= 1, "Codec")?,
            5 | 8 => need(self.codec == 0, "Codec")?,
            _ => {}
        }
        let numbers = (self.filter, self.model, self.base_kind, self.capacity, self.base);
        let is_plain = numbers == (0, 0, 0, 0, 0) && self.flags & 2 == 0;
        need(self.kind == 2 || is_plain, "fields of DATA in another section")?;
        let same = self.payload.len() == self.raw_length as usize;
        need(self.codec != 0 || same, "Raw_Length of codec 0")?;
        need(self.kind != 2 || self.raw_length > 0, "Raw_Length is 0")?;
        if self.kind == 6 {
            let text = self.tables()?;
            need((1..=65_536).contains(&text.len()), "length of COMMENT")?;
            need(std::str::from_utf8(&text).is_ok(), "COMMENT is not UTF-8")?;
        }
        Ok(())
    }

    /// §2.2
    fn tables(&self) -> Result<Vec<u8>> {
        if self.codec == 0 {
            return Ok(self.payload.clone());
        }
        need(self.raw_length < 1 << 30, "tables too large for this reader")?;
        let frame = &self.payload[..];
        need(frame.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]), "no zstd frame")?;
        let length = zstd::zstd_safe::find_frame_compressed_size(frame);
        need(length == Ok(frame.len()), "not exactly one zstd frame")?;
        need(zstd::zstd_safe::get_dict_id_from_frame(frame).is_none(), "a dictionary")?;
        let raw = zstd::bulk::decompress(frame, self.raw_length as usize);
        let raw = raw.map_err(|error| error.to_string())?;
        need(raw.len() == self.raw_length as usize, "Raw_Length")?;
        Ok(raw)
    }

    /// §4.3: where the decoder of this group starts.
    pub fn base(&self) -> Result<Base> {
        match self.base_kind {
            0 => Ok(Base::Anew),
            1 => Ok(Base::Group(self.group - self.base)),
            2 => Ok(Base::Shipped(self.base.to_le_bytes())),
            other => Err(format!("unsupported: Base_Kind {other}")),
        }
    }

    /// §4.3, rule 5: whether `bytes` are those that this base stands for.
    pub fn is_given(&self, bytes: &[u8]) -> bool {
        self.codec == 5 && self.payload == digest(bytes) && bytes.len() == self.raw_length as usize
    }

    /// §4.3, rules 1 to 5, but for what only codec.md says of shipped bases.
    fn check_base(&self, groups: &[&Section]) -> Result<()> {
        let has_state = self.base_kind != 0 || self.flags & 2 != 0;
        let capacities = if has_state { 12..=32 } else { 0..=0 };
        need(capacities.contains(&self.capacity), "Capacity")?;
        if self.codec == 5 {
            need(self.flags & 2 != 0 && self.base_kind == 0, "a given base is a base of its own")?;
            need(matches!(self.filter, 0 | 2) && self.payload.len() == 32, "codec 5")?;
        }
        match self.base_kind {
            0 => return need(self.base == 0, "Base without Base_Kind"),
            1 => {}
            2 => return need(self.codec == 3, "a codec that cannot go on"),
            // Files that need the group are refused: see `base`.
            _ => return Ok(()),
        }
        need(self.codec == 3, "a codec that cannot go on")?;
        need((1..=self.group).contains(&self.base), "Base")?;
        let base = groups[(self.group - self.base) as usize];
        need(base.flags & 2 != 0 && matches!(base.base_kind, 0 | 2), "no base")?;
        let numbers = |one: &Section| (one.filter, one.model, one.capacity);
        need(numbers(base) == numbers(self), "a base of other numbers")?;
        need(base.codec == self.codec || base.codec == 5, "a base of another codec")?;
        let together = u64::from(base.raw_length) + u64::from(self.raw_length);
        need(together < 1 << 32, "base and group are too long together")
    }
}

impl Archive {
    /// Compares the digest of every span with the stream of all decoded groups (§6.4).
    pub fn check(&self, stream: &[u8]) -> Result<()> {
        let length: u64 = self.groups.iter().map(|group| u64::from(group.raw_length)).sum();
        need(stream.len() as u64 == length, "the stream has another length")?;
        self.spans.iter().try_for_each(|span| span.check(&self.contents, stream))
    }

    /// Compares every PARITY section with the bytes of the archive (§10), and returns the
    /// ranges that are protected.
    pub fn check_parity(&self, archive: &[u8]) -> Result<Vec<(u64, u64)>> {
        let mut ranges = Vec::new();
        for section in self.others.iter().filter(|section| section.kind == 5) {
            let parity = Parity::read(section)?;
            parity.check(archive)?;
            ranges.extend(parity.ranges);
        }
        Ok(ranges)
    }

    /// §12, rules 5 and 6: the content of an entry, holes filled with zeros.
    pub fn content(&self, entry: &Entry, stream: &[u8]) -> Result<Vec<u8>> {
        let content = &self.contents[entry.content.ok_or("not a file")?];
        let made = content.recipes.iter().map(|recipe| recipe.make(stream));
        let data = match content.recipes.is_empty() {
            true => content.data(stream),
            false => made.collect::<Result<Vec<_>>>()?.concat(),
        };
        match (content.file_digest, content.span) {
            (Some(expected), _) => need(content.digest(&data) == expected, "File_Digest")?,
            (None, Some(span)) => self.spans[span].check(&self.contents, stream)?,
            (None, None) => need(data.is_empty(), "a content without digest")?,
        }
        let (mut whole, mut rest) = (vec![0; content.size as usize], &data[..]);
        for &(offset, length) in &content.segments {
            let (segment, behind) = rest.split_at(length as usize);
            whole[offset as usize..(offset + length) as usize].copy_from_slice(segment);
            rest = behind;
        }
        Ok(whole)
    }
}
