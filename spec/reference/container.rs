//! A reader of .pear containers written from container.md alone.
//!
//! It shares no code with the crate and takes the shortest way: everything is
//! in memory, anything wrong is a message. Section numbers in comments are
//! those of container.md. Groups are handed out as stored; what is in them is
//! the business of codec.md.

/// A section as §4.1 describes it.
pub struct Section {
    pub kind: u16,
    pub codec: u8,
    pub filter: u8,
    pub model: u16,
    pub group: u64,
    pub raw_length: u64,
    pub payload: Vec<u8>,
}

/// A row of Entry_Table (§5.3), names of owners and attributes left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: Vec<u8>,
    pub kind: u8,
    pub mode: u64,
    pub seconds: i64,
    pub nanoseconds: u64,
    /// Text of a symbolic link, path of a hard link's target.
    pub target: Vec<u8>,
    pub content: Option<File>,
}

/// A row of Content_Table (§5.2) and where its data starts in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub start: u64,
    pub length: u64,
    pub size: u64,
    /// Offset and length of each data segment.
    pub segments: Vec<(u64, u64)>,
    pub digest: [u8; 32],
}

type Result<T> = std::result::Result<T, String>;

fn need(kept: bool, rule: &str) -> Result<()> {
    if kept { Ok(()) } else { Err(rule.to_owned()) }
}

/// §2.3
fn derived(context: &str, bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key(&format!("pear-archive 2026 {context}"), bytes)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// §8, steps 1 to 3: all sections in order, and the entries of the index.
pub fn read(archive: &[u8]) -> Result<(Vec<Section>, Vec<Entry>)> {
    need(archive.len() >= 48 + 112 + 144, "too short")?;
    // §3
    let preface = &archive[..48];
    need(preface[..8] == *b"\xF0PEAR\r\n\x1A", "Magic")?;
    need(derived("preface", &preface[..32])[..16] == preface[32..], "Preface_Hash")?;
    need(number(&preface[8..10]) == 0 && number(&preface[10..12]) == 6, "version")?;
    need(number(&preface[12..16]) == 0, "Required_Features")?;
    // §7
    let end = archive.len() - 144;
    let footer = &archive[end..];
    need(footer[136..] == *b"\x1A\n\rRAEP\xF0", "Footer_Magic")?;
    need(derived("footer", &footer[..120])[..16] == footer[120..136], "Footer_Hash")?;
    need(number(&footer[16..24]) == archive.len() as u64, "File_Length")?;
    need(footer[32..48] == preface[16..32] && number(&footer[48..56]) == 0, "footer fields")?;
    // §4
    let (mut sections, mut at) = (Vec::new(), 48);
    let mut root = preface[32..].to_vec();
    while at < end {
        need(end - at >= 112, "a section is cut off")?;
        let header = &archive[at..at + 80];
        need(header[..8] == *b"\xF0\x9F\x8D\x90SEC\x1A", "Sync")?;
        need(derived("section header", &header[..64])[..16] == header[64..], "Header_Hash")?;
        need(header[8..24] == preface[16..32], "Archive_Id")?;
        need(number(&header[24..32]) == sections.len() as u64, "Sequence")?;
        let stored = number(&header[48..56]);
        need(stored <= (end - at - 112) as u64, "Stored_Length")?;
        let payload = &archive[at + 80..at + 80 + stored as usize];
        let hash = &archive[at + 80 + stored as usize..at + 112 + stored as usize];
        need(*blake3::hash(payload).as_bytes() == *hash, "Payload_Hash")?;
        root.extend([&header[64..], hash].concat());
        let kind = number(&header[32..34]) as u16;
        let is_index = kind == 3;
        if is_index {
            need(number(&footer[..8]) == at as u64, "Index_Offset")?;
            need(number(&footer[8..16]) == 112 + stored, "Index_Length")?;
            need(footer[56..88] == *hash, "Index_Hash")?;
        }
        at += 112 + stored as usize;
        need(is_index == (at == end), "INDEX is the last section")?;
        sections.push(Section {
            kind,
            codec: header[36],
            filter: header[37],
            model: number(&header[38..40]) as u16,
            group: number(&header[40..48]),
            raw_length: number(&header[56..64]),
            payload: payload.to_vec(),
        });
    }
    need(number(&footer[24..32]) == sections.len() as u64, "Section_Count")?;
    need(derived("root", &root) == footer[88..120], "Root_Hash")?;
    let index = sections.pop().ok_or("there is no INDEX")?;
    let entries = read_index(&index, &sections)?;
    Ok((sections, entries))
}

/// A cursor over a table (§2.1, §2.2).
struct Table(std::vec::IntoIter<u8>);

impl Table {
    fn bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        need(count <= self.0.len() as u64, "a table is cut off")?;
        Ok(self.0.by_ref().take(count as usize).collect())
    }

    fn varint(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0u128, 0);
        loop {
            let byte = self.0.next().ok_or("a table is cut off")?;
            value |= u128::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                need(byte > 0 || shift == 7, "a varint is not in its shortest form")?;
                return u64::try_from(value).map_err(|_| "a varint is too large".to_owned());
            }
            need(shift < 70, "a varint is too long")?;
        }
    }

    fn varints(&mut self, count: usize) -> Result<Vec<u64>> {
        (0..count).map(|_| self.varint()).collect()
    }

    fn differences(&mut self, count: usize) -> Result<Vec<u64>> {
        let mut value = 0u64;
        let mut next = || {
            let zigzag = self.varint()?;
            value = value.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg());
            Ok(value)
        };
        (0..count).map(|_| next()).collect()
    }

    fn counted(&mut self) -> Result<Vec<u8>> {
        let count = self.varint()?;
        self.bytes(count)
    }
}

/// §5
fn read_index(index: &Section, sections: &[Section]) -> Result<Vec<Entry>> {
    need(index.raw_length < 1 << 30, "the index is too large for this reader")?;
    let raw = zstd::bulk::decompress(&index.payload, index.raw_length as usize)
        .map_err(|error| error.to_string())?;
    need(raw.len() as u64 == index.raw_length, "Raw_Length")?;
    let mut table = Table(raw.into_iter());
    // §5.1
    let count = table.varint()? as usize;
    need(count == sections.len(), "Section_Table")?;
    let columns: [fn(&Section) -> u64; 8] = [
        |section| section.kind.into(),
        |_| 0,
        |section| section.codec.into(),
        |section| section.filter.into(),
        |section| section.model.into(),
        |section| section.group.wrapping_add(1),
        |section| section.payload.len() as u64,
        |section| section.raw_length,
    ];
    for column in columns {
        need(table.varints(count)? == sections.iter().map(column).collect::<Vec<_>>(), "row")?;
    }
    let data = sections.iter().filter(|section| section.kind == 2);
    let stream: u64 = data.map(|section| section.raw_length).sum();
    let contents = read_contents(&mut table, stream)?;
    let entries = read_entries(&mut table, &contents)?;
    need(table.0.len() == 0, "bytes are left over")?;
    Ok(entries)
}

/// §5.2
fn read_contents(table: &mut Table, stream: u64) -> Result<Vec<File>> {
    let count = table.varint()? as usize;
    need(count <= table.0.len(), "Content_Count")?;
    let lengths = table.differences(count)?;
    let sparse = table.bytes(count as u64)?;
    let (mut files, mut start) = (Vec::new(), 0);
    for (&length, &sparse) in lengths.iter().zip(&sparse) {
        let (mut size, mut segments) = (length, vec![(0, length)]);
        if sparse == 1 {
            size = table.varint()?;
            segments.clear();
            let mut end = 0;
            for _ in 0..table.varint()? {
                let (gap, length) = (table.varint()?, table.varint()?);
                segments.push((end + gap, length));
                end += gap + length;
            }
        }
        files.push(File { start, length, size, segments, digest: [0; 32] });
        start += length;
    }
    need(start == stream, "contents and stream differ in length")?;
    for file in &mut files {
        file.digest.copy_from_slice(&table.bytes(32)?);
    }
    Ok(files)
}

/// §5.3
fn read_entries(table: &mut Table, contents: &[File]) -> Result<Vec<Entry>> {
    let count = table.varint()? as usize;
    need(count <= table.0.len(), "Entry_Count")?;
    let (shared, suffixes) = (table.varints(count)?, table.varints(count)?);
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for (&shared, &suffix) in shared.iter().zip(&suffixes) {
        let mut path = paths.last().cloned().unwrap_or_default();
        need(shared <= path.len() as u64, "Shared")?;
        path.truncate(shared as usize);
        path.extend(table.bytes(suffix)?);
        let safe = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
        need(path.split(|&byte| byte == b'/').all(safe), "unsafe path")?;
        paths.push(path);
    }
    let kinds = table.bytes(count as u64)?;
    let modes = table.varints(count)?;
    for _ in 0..table.varint()? {
        table.varint()?;
        table.varint()?;
        table.counted()?;
        table.counted()?;
    }
    table.varints(count)?;
    let seconds = table.differences(count)?;
    let nanoseconds = table.varints(count)?;
    for xattrs in table.varints(count)? {
        for _ in 0..xattrs {
            table.counted()?;
            table.counted()?;
        }
    }
    let mut entries = Vec::new();
    for (row, path) in paths.into_iter().enumerate() {
        let content = match kinds[row] {
            0 => Some(contents.get(table.varint()? as usize).ok_or("Content")?.clone()),
            _ => None,
        };
        let (kind, mode, target) = (kinds[row], modes[row], Vec::new());
        let (seconds, nanoseconds) = (seconds[row] as i64, nanoseconds[row]);
        entries.push(Entry { path, kind, mode, seconds, nanoseconds, target, content });
    }
    for entry in entries.iter_mut().filter(|entry| entry.kind == 2) {
        entry.target = table.counted()?;
    }
    for row in 0..count {
        if entries[row].kind == 3 {
            let target = table.varint()? as usize;
            need(target < row, "Link")?;
            entries[row].target = entries[target].path.clone();
        }
    }
    for _ in entries.iter().filter(|entry| matches!(entry.kind, 5 | 6)) {
        table.varints(2)?;
    }
    Ok(entries)
}

/// §2.3, rule 3
fn content_digest(file: &File, stream: &[u8]) -> [u8; 32] {
    let data = &stream[file.start as usize..(file.start + file.length) as usize];
    let plain = *blake3::hash(data).as_bytes();
    if file.segments == [(0, file.size)] {
        return plain;
    }
    let mut map = [file.size.to_le_bytes(), (file.segments.len() as u64).to_le_bytes()].concat();
    for (offset, length) in &file.segments {
        map.extend([offset.to_le_bytes(), length.to_le_bytes()].concat());
    }
    map.extend(plain);
    derived("sparse file", &map)
}

/// §8, steps 4 and 5: a file from the stream of all decoded groups.
pub fn content(file: &File, stream: &[u8]) -> Result<Vec<u8>> {
    let mut data = &stream[file.start as usize..(file.start + file.length) as usize];
    let mut whole = vec![0; file.size as usize];
    for &(offset, length) in &file.segments {
        let (segment, rest) = data.split_at(length as usize);
        whole[offset as usize..(offset + length) as usize].copy_from_slice(segment);
        data = rest;
    }
    need(content_digest(file, stream) == file.digest, "Digest")?;
    Ok(whole)
}
