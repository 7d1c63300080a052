//! A file ⇒ its streams and steps.
//!
//! ```text
//! scan.rs      packed data in bytes, found by what they begin with
//! headers.rs   the headers of gzip members and zip entries
//! pieces.rs    bytes that are not packed, cut by kind
//! build.rs     what was found ⇒ streams and steps
//! ```
//!
//! Nothing here is normative: any split that gives the file again will do.

mod build;
mod headers;
mod pieces;
mod scan;

use super::{Limits, MOST_DEPTH, Split, join};
pub use scan::Midway;
use scan::Scan;

/// Starts of files that hold nothing but what is packed in ways not known here.
const HOPELESS: [&[u8]; 10] = [
    b"\xFD7zXZ\0",
    b"\x28\xB5\x2F\xFD",
    b"7z\xBC\xAF\x27\x1C",
    b"\x04\x22\x4D\x18",
    b"LZIP",
    b"Rar!\x1A\x07",
    b"\x1A\x45\xDF\xA3",
    b"OggS",
    b"fLaC",
    b"RIFF",
];

/// Shortest file that is looked at.
const LEAST: usize = 64;

/// What packed data must be of a file, at least, as a share of it.
const LEAST_SHARE: usize = 256;

/// Whether a file that starts so may be one to take apart. Cheap: it looks at a few bytes
/// only, since what is no candidate after all is passed over at the speed of memory.
/// `start` is all of a short file.
pub fn is_candidate(start: &[u8]) -> bool {
    let film = start.get(4..8) == Some(b"ftyp");
    start.len() >= LEAST && !film && !HOPELESS.iter().any(|magic| start.starts_with(magic))
}

/// Where a piece of a file ends: before the packed data that begin next.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    /// Once the piece has so many bytes.
    pub bytes: usize,
    /// Once so many bytes were unpacked.
    pub plain: usize,
}

impl Front {
    /// The whole file.
    pub const ALL: Front = Front { bytes: usize::MAX, plain: usize::MAX };
}

/// Takes a file apart. `None` if nothing in it pays, or if the steps do not give it again.
///
/// Costs about 5 MB of plain text a second; files without packed data pass at some
/// hundred MB a second. Takes about ten times the memory of the file and its streams.
pub fn split(file: &[u8], limits: &Limits) -> Option<Split> {
    split_front(file, limits, Front::ALL, None).map(|piece| piece.split)
}

/// A piece of a file.
#[derive(Debug)]
pub struct Piece {
    /// What it is made of.
    pub split: Split,
    /// Its bytes, not 0.
    pub length: usize,
    /// Set if it ends in a deflate stream.
    pub midway: Option<Midway>,
}

/// Takes a piece at the front of `window` apart. `midway` is that of the piece before. A deflate
/// stream that is longer than `front` allows, or than the window, is cut between two blocks; other
/// packed data that the window does not hold to their end are left as they are.
/// Otherwise as [`split`].
pub fn split_front(
    window: &[u8],
    limits: &Limits,
    front: Front,
    midway: Option<&Midway>,
) -> Option<Piece> {
    // What comes out is compared as a whole. If it differs, each stream is compared when it
    // is found, and what differs stays packed.
    let comes_back =
        |piece: &Piece| join(&piece.split).is_ok_and(|again| again == window[..piece.length]);
    let piece = attempt(window, limits, front, midway, false)?;
    if comes_back(&piece) {
        return Some(piece);
    }
    attempt(window, limits, front, midway, true).filter(comes_back)
}

/// Makes the split of bytes that are copied.
pub fn copied(bytes: &[u8]) -> Option<Split> {
    let range = 0..bytes.len();
    build::build(bytes, &[scan::Part::Piece { range, kind: pieces::kind_of(bytes) }])
}

fn attempt(
    window: &[u8],
    limits: &Limits,
    front: Front,
    midway: Option<&Midway>,
    careful: bool,
) -> Option<Piece> {
    let most = usize::try_from(limits.most_plain).unwrap_or(usize::MAX);
    let budget = most.checked_sub(window.len())?;
    if window.len() < LEAST {
        return None;
    }
    let depth = limits.depth.min(MOST_DEPTH);
    for depth in (1..=depth).rev() {
        let mut scan = Scan::new(budget, window.len(), limits, careful);
        let (parts, length) = scan.front(window, depth, front, midway);
        if scan.packed < LEAST.max(length / LEAST_SHARE) {
            return None;
        }
        // Steps may stand higher than packed data lie deep, if they have many inputs.
        if let Some(split) = build::build(window, &parts) {
            return Some(Piece { split, length, midway: scan.midway });
        }
    }
    None
}
