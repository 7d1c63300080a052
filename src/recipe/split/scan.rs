//! Packed data in bytes, found by what they begin with.
//!
//! ```text
//! scan/long.rs   deflate streams longer than a piece
//! ```

mod long;

use super::pieces::{cut, kind_of, members_within, tar_members};
use super::{Front, headers};
use crate::arith::panics::caught;
use crate::jpeg::whole_jpeg;
use crate::recipe::deflate::{Inflated, Wrapper};
use crate::recipe::run::{BASE64, BZIP2, DEFLATE, IDAT, SCANLINES};
use crate::recipe::{Limits, StreamKind, base64, bzip2, idat, run, scanlines};
pub use long::Midway;
use std::ops::Range;

/// A part of some bytes: as they are, or made by a step.
#[derive(Debug)]
pub(super) enum Part {
    Piece { range: Range<usize>, kind: StreamKind },
    Packed(Box<Packed>),
}

impl Part {
    /// The same part of bytes that begin `by` bytes earlier.
    fn moved(self, by: usize) -> Part {
        match self {
            Part::Piece { range, kind } => {
                Part::Piece { range: range.start + by..range.end + by, kind }
            }
            packed => packed,
        }
    }
}

/// Packed data.
#[derive(Debug)]
pub(super) struct Packed {
    pub transform: u64,
    pub parameters: Vec<u8>,
    /// Bytes of it as packed.
    pub output: usize,
    /// What it unpacks to, and the parts of that.
    pub plain: Vec<u8>,
    pub parts: Vec<Part>,
    /// The last input, beside the plain text.
    pub corrections: Option<Vec<u8>>,
}

/// Shortest deflate stream that is taken apart, and shortest JPEG.
const LEAST_STREAM: usize = 64;
const LEAST_JPEG: usize = 256;
/// Bytes that the corrections of any stream may have, beside what a model saves.
const FIRST_CORRECTIONS: usize = 48;
/// Most parts that are packed; each is one step or two.
const MOST_PARTS: usize = 24_000;
/// Bytes that may be looked at in vain, for each of the file.
const WORK: usize = 16;
/// What each look in vain counts beside.
const IN_VAIN: usize = 64;
const JPEG_IN_VAIN: usize = 4_096;

/// Bytes with which something may begin.
const STARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut cinfo = 0;
    while cinfo < 8 {
        table[cinfo << 4 | 8] = true;
        cinfo += 1;
    }
    table[0x1F] = true;
    table[b'P' as usize] = true;
    table[b'B' as usize] = true;
    table[0x89] = true;
    table[0xFF] = true;
    table
};

/// One attempt at a file.
pub(super) struct Scan {
    /// Bytes by which streams and hidden outputs may still grow.
    budget: usize,
    /// How deep in packed data the scan is.
    level: u32,
    /// The transforms that may be used, as in [`Limits`].
    transforms: u64,
    /// Bytes that may still be looked at in vain.
    work: usize,
    /// Whether each stream is compared when it is found.
    careful: bool,
    /// Bytes of plain text after which a piece ends; `None` if it ends nowhere.
    front: Option<usize>,
    /// Set if the last of the parts is a stream that goes on behind them.
    pub midway: Option<Midway>,
    /// Parts that may still be packed.
    parts_left: usize,
    /// Bytes that were unpacked.
    unpacked: usize,
    /// Bytes of the file that were packed, or are JPEGs.
    pub packed: usize,
}

/// What begins at some place.
struct Hit {
    length: usize,
    parts: Vec<Part>,
}

impl Scan {
    pub fn new(budget: usize, file: usize, limits: &Limits, careful: bool) -> Self {
        let (work, transforms) = (WORK * file + (1 << 24), limits.transforms);
        let (level, unpacked, packed, parts_left) = (0, 0, 0, MOST_PARTS);
        let (front, midway) = (None, None);
        Scan {
            budget,
            work,
            careful,
            front,
            midway,
            level,
            transforms,
            parts_left,
            unpacked,
            packed,
        }
    }

    /// Returns whether a transform may be used.
    fn allows(&self, transform: u64) -> bool {
        self.transforms >> transform & 1 == 1
    }

    /// The parts of `bytes`, all of them in order. Packed data in packed data are found
    /// `depth` deep.
    fn parts(&mut self, bytes: &[u8], depth: u32) -> Vec<Part> {
        let mut parts = Vec::new();
        self.find(bytes, &tar_members(bytes), 0, depth, Front::ALL, &mut parts);
        parts
    }

    /// The parts of the front of `bytes`, and its length. They may begin midway in a stream, and
    /// end so.
    pub fn front(
        &mut self,
        bytes: &[u8],
        depth: u32,
        front: Front,
        midway: Option<&Midway>,
    ) -> (Vec<Part>, usize) {
        self.front = Some(front.plain).filter(|&plain| plain < usize::MAX);
        let (mut parts, mut start) = (Vec::new(), 0);
        if let Some(midway) = midway
            && depth > 0
            && let Some((length, part)) = self.next_part(bytes, midway, depth)
        {
            self.packed += length;
            (parts, start) = (vec![part], length);
        }
        if self.midway.is_some() {
            return (parts, start);
        }
        let members = match start {
            // A later piece of a tar may begin within a member.
            0 => Some(tar_members(bytes)).filter(|all| !all.is_empty()),
            _ => Some(Vec::new()),
        };
        let members = members.unwrap_or_else(|| members_within(bytes));
        let end = self.find(bytes, &members, start, depth, front, &mut parts);
        (parts, end)
    }

    /// Appends the parts of `bytes` from `start` on, which has `members` if it is a tar. Returns
    /// where they end.
    fn find(
        &mut self,
        bytes: &[u8],
        members: &[usize],
        start: usize,
        depth: u32,
        front: Front,
        parts: &mut Vec<Part>,
    ) -> usize {
        let mut done = start;
        let mut letters = (self.allows(BASE64) && kind_of(bytes) == StreamKind::Text)
            .then(|| base64::find(bytes, start))
            .flatten();
        let mut at = start;
        while depth > 0 && at < bytes.len() {
            let next = letters.as_ref().map_or(bytes.len(), |found| found.start);
            let skipped = bytes[at..next].iter().position(|&byte| STARTS[byte as usize]);
            at = skipped.map_or(next, |skipped| at + skipped);
            if at > 0 && (at >= front.bytes || self.unpacked >= front.plain) {
                break;
            }
            let hit = match letters.take_if(|found| at == found.start) {
                Some(found) => {
                    letters = base64::find(bytes, found.end);
                    self.base64(found, depth)
                }
                None => self.hit(&bytes[at.min(bytes.len())..], depth),
            };
            let Some(hit) = hit else {
                at += 1;
                continue;
            };
            cut(bytes, members, done..at, |range, kind| parts.push(Part::Piece { range, kind }));
            parts.extend(hit.parts.into_iter().map(|part| part.moved(at)));
            at += hit.length;
            done = at;
            if self.level == 0 && self.midway.is_some() {
                return at;
            }
            if letters.as_ref().is_some_and(|found| found.start < at) {
                letters = base64::find(bytes, at);
            }
        }
        let end = if depth > 0 { at.min(bytes.len()) } else { bytes.len() };
        cut(bytes, members, done..end, |range, kind| parts.push(Part::Piece { range, kind }));
        end
    }

    /// What begins at the front.
    fn hit(&mut self, bytes: &[u8], depth: u32) -> Option<Hit> {
        if self.parts_left == 0 {
            return None;
        }
        let needed = match *bytes.first()? {
            0xFF => 0,
            b'B' => 1 << BZIP2,
            0x89 => 1 << DEFLATE | 1 << IDAT,
            _ => 1 << DEFLATE,
        };
        if self.transforms & needed != needed {
            return None;
        }
        match *bytes.first()? {
            0x1F => self.headed(bytes, headers::gzip(bytes)?, Wrapper::Gzip, depth),
            b'P' => self.headed(bytes, headers::zip(bytes)?, Wrapper::Bare, depth),
            b'B' => self.bzip2(bytes, depth),
            0x89 => self.png(bytes, depth),
            0xFF => self.jpeg(bytes),
            _ => self.zlib(bytes, depth),
        }
    }

    /// A deflate stream behind a header, which stays a piece.
    fn headed(&mut self, bytes: &[u8], header: usize, wrapper: Wrapper, depth: u32) -> Option<Hit> {
        let (before, length, packed) = self.deflate(&bytes[header..], wrapper, true, depth)?;
        self.packed += length;
        let start = header + before;
        let head = Part::Piece { range: 0..start, kind: StreamKind::Binary };
        Some(Hit { length: start + length, parts: vec![head, packed] })
    }

    fn zlib(&mut self, bytes: &[u8], depth: u32) -> Option<Hit> {
        headers::zlib(bytes).then_some(())?;
        self.headed(bytes, 0, Wrapper::Zlib([bytes[0], bytes[1]]), depth)
    }

    /// A deflate stream at the front of `bytes` in its wrapper, if it is worth it: the bytes before
    /// what is taken, its length, and what makes it. A gzip member whose end is wrong is taken
    /// without it, and the first part of a stream that is too long without its wrapper.
    fn deflate(
        &mut self,
        bytes: &[u8],
        wrapper: Wrapper,
        nested: bool,
        depth: u32,
    ) -> Option<(usize, usize, Part)> {
        let head = if let Wrapper::Zlib(_) = wrapper { 2 } else { 0 };
        let most = self.left(bytes.len()).min(self.work);
        let inflated = match Inflated::new(&bytes[head..], most) {
            Ok(inflated) => inflated,
            Err(in_vain) => {
                self.work = self.work.saturating_sub(IN_VAIN + in_vain);
                let (length, part) = self.first_part(&bytes[head..], in_vain, depth)?;
                return Some((head, length, part));
            }
        };
        let plain = inflated.plain();
        self.work = self.work.saturating_sub(plain.len());
        (inflated.used() >= LEAST_STREAM).then_some(())?;
        let mut end = Vec::new();
        wrapper.end(&[plain], &mut end);
        let right = bytes[head + inflated.used()..].starts_with(&end);
        let wrapper = match wrapper {
            Wrapper::Zlib(_) if !right => return None,
            Wrapper::Gzip if !right => Wrapper::Bare,
            wrapper => wrapper,
        };
        let length = head + inflated.used() + if right { end.len() } else { 0 };
        (plain.len() <= self.left(length)).then_some(())?;
        let (parameters, corrections) = inflated.corrections(wrapper)?;
        worth(plain, length, corrections.len()).then_some(())?;
        let plain = inflated.into_plain();
        if self.careful {
            compare(&parameters, &plain, &corrections, &bytes[..length])?;
        }
        self.work = self.work.saturating_add(plain.len());
        self.spend(plain.len() + corrections.len(), length)?;
        let parts = self.nested(&plain, if nested { depth - 1 } else { 0 });
        let corrections = Some(corrections);
        let packed =
            Packed { transform: DEFLATE, parameters, output: length, plain, parts, corrections };
        Some((0, length, Part::Packed(Box::new(packed))))
    }

    /// Parts of what was unpacked; what they are of the file is not counted again.
    fn nested(&mut self, plain: &[u8], depth: u32) -> Vec<Part> {
        self.within(|scan| scan.parts(plain, depth))
    }

    /// The same of what begins anywhere in a tar, if it is one.
    fn nested_anywhere(&mut self, plain: &[u8], depth: u32) -> Vec<Part> {
        let mut parts = Vec::new();
        let members = members_within(plain);
        self.within(|scan| scan.find(plain, &members, 0, depth, Front::ALL, &mut parts));
        parts
    }

    fn within<T>(&mut self, find: impl FnOnce(&mut Self) -> T) -> T {
        let packed = self.packed;
        self.level += 1;
        let found = find(self);
        self.level -= 1;
        self.packed = packed;
        found
    }

    /// Counts `plain` bytes of streams that take the place of `packed` bytes of the file, or
    /// stand beside those if they are a hidden output.
    fn spend(&mut self, plain: usize, packed: usize) -> Option<()> {
        self.budget = self.left(packed).checked_sub(plain)?;
        self.parts_left = self.parts_left.checked_sub(1)?;
        self.unpacked += plain;
        Some(())
    }

    /// Bytes of streams that may take the place of `packed` bytes.
    fn left(&self, packed: usize) -> usize {
        self.budget + if self.level == 0 { packed } else { 0 }
    }

    fn jpeg(&mut self, bytes: &[u8]) -> Option<Hit> {
        if self.work == 0 || !bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return None;
        }
        let Some(length) = whole_jpeg(bytes).filter(|&length| length >= LEAST_JPEG) else {
            self.work = self.work.saturating_sub(JPEG_IN_VAIN);
            return None;
        };
        self.packed += length;
        let kind = StreamKind::Jpeg;
        Some(Hit { length, parts: vec![Part::Piece { range: 0..length, kind }] })
    }

    /// A PNG up to the end of its IDAT chunks, which are one zlib stream.
    fn png(&mut self, bytes: &[u8], depth: u32) -> Option<Hit> {
        bytes.starts_with(b"\x89PNG\r\n\x1A\n").then_some(())?;
        // Other chunks come before, of which few are long.
        let start =
            memchr::memmem::find(&bytes[..bytes.len().min(1 << 20)], b"IDAT")?.checked_sub(4)?;
        let found = idat::take(&bytes[start..])?;
        headers::zlib(&found.data).then_some(())?;
        let wrapper = Wrapper::Zlib([found.data[0], found.data[1]]);
        self.spend(found.data.len(), found.length)?;
        self.level += 1;
        let deflated = self.deflate(&found.data, wrapper, false, depth);
        self.level -= 1;
        let (_, used, mut packed) = deflated?;
        let without_filters = self.scanlines(bytes, &mut packed).is_some();
        let mut parts = vec![packed];
        if used < found.data.len() {
            let range = used..found.data.len();
            parts.push(Part::Piece { range, kind: StreamKind::Binary });
        }
        self.packed += used;
        let packed = Packed {
            transform: IDAT,
            parameters: found.parameters,
            output: found.length,
            plain: found.data,
            parts,
            corrections: None,
        };
        // What the rows are is said before them.
        let head = if without_filters { scanlines::HEAD } else { 0 };
        let parts = vec![
            Part::Piece { range: 0..head, kind: StreamKind::Image },
            Part::Piece { range: head..start, kind: StreamKind::Binary },
            Part::Packed(Box::new(packed)),
        ];
        Some(Hit { length: start + found.length, parts })
    }

    /// Takes the filters off the data of a PNG.
    fn scanlines(&mut self, png: &[u8], deflated: &mut Part) -> Option<()> {
        let Part::Packed(deflated) = deflated else { return None };
        let data = deflated.plain.len();
        let layout = scanlines::Layout::of(png, data).filter(|_| self.allows(SCANLINES))?;
        let plain = scanlines::take(&deflated.plain, layout)?;
        self.level += 1;
        let room = self.spend(data, 0);
        self.level -= 1;
        room?;
        let types = plain.len() / (layout.row + 1);
        let parts = vec![
            Part::Piece { range: 0..types, kind: StreamKind::Binary },
            Part::Piece { range: types..data, kind: StreamKind::Image },
        ];
        let (transform, parameters) = (SCANLINES, layout.parameters());
        let corrections = None;
        let packed = Packed { transform, parameters, output: data, plain, parts, corrections };
        deflated.parts = vec![Part::Packed(Box::new(packed))];
        Some(())
    }

    fn bzip2(&mut self, bytes: &[u8], depth: u32) -> Option<Hit> {
        let found = caught(|| bzip2::take(bytes, self.left(bytes.len())))??;
        self.spend(found.plain.len(), found.length)?;
        self.packed += found.length;
        let parts = self.nested(&found.plain, depth - 1);
        let packed = Packed {
            transform: BZIP2,
            parameters: found.parameters,
            output: found.length,
            plain: found.plain,
            parts,
            corrections: None,
        };
        Some(Hit { length: found.length, parts: vec![Part::Packed(Box::new(packed))] })
    }

    fn base64(&mut self, found: base64::Found, depth: u32) -> Option<Hit> {
        let length = found.end - found.start;
        self.spend(found.plain.len(), length)?;
        self.packed += length;
        let parts = self.nested(&found.plain, depth - 1);
        let packed = Packed {
            transform: BASE64,
            parameters: found.parameters,
            output: length,
            plain: found.plain,
            parts,
            corrections: None,
        };
        Some(Hit { length, parts: vec![Part::Packed(Box::new(packed))] })
    }
}

/// Whether a stream of `length` bytes is worth its corrections, which are less than a model saves
/// on such plain text, by and large.
fn worth(plain: &[u8], length: usize, corrections: usize) -> bool {
    let most = match kind_of(plain) {
        StreamKind::Text => length / 3,
        StreamKind::Binary | StreamKind::Image | StreamKind::Audio | StreamKind::Jpeg => length / 6,
        StreamKind::Stored => length / 32,
    };
    corrections <= FIRST_CORRECTIONS + most && corrections < length
}

/// Makes a stream again; `None` if it is another.
fn compare(parameters: &[u8], plain: &[u8], corrections: &[u8], stream: &[u8]) -> Option<()> {
    let again = run(DEFLATE, parameters, &[plain, corrections], stream.len() as u64).ok()?;
    (again == stream).then_some(())
}
