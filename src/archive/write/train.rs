//! Makes a base of files: what they share, with the most common last.
//!
//! Files are cut into pieces, at the ends of lines if there are any. A piece is worth the
//! strings in it that come in other files too; what the pieces chosen before have already is
//! worth nothing more. The piece that is worth most for its length stands last, because a
//! model knows best what it saw last.

use super::output::Output;
use super::plan::{ContentPlan, Plan, plan, read_full};
use super::sample::{Known, Sketch, dense_sketch, rank};
use super::source::Source;
use crate::archive::memory::check_cost;
use crate::archive::{ArchiveError, Control, Event};
use crate::codec::ContentKind;
use crate::tree::{Missing, WalkOptions, walk};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Most bytes that are looked at. Of more, files are left out at even distances.
const LOOKED_AT: u64 = 64 << 20;

/// Most bytes of one file that are looked at.
const OF_FILE: u64 = 1 << 20;

/// One string in so many is in the sketch of a piece.
const ONE_IN: u32 = 8;

/// Pieces that a base has at least, if files are long.
const PIECES: u64 = 16;

/// How a base is made.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Most bytes of the base.
    pub size: u64,
    /// Worker threads, 0 for one per processor. Never changes the bytes.
    pub jobs: usize,
    /// Bytes of memory to stay within.
    pub memory: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions { size: 256 << 10, jobs: 0, memory: 4 << 30 }
    }
}

/// A base that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trained {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Files that were looked at.
    pub looked_at: u64,
    /// Those that gave a piece.
    pub taken: u64,
}

/// A part of a file that may come into the base.
struct Piece {
    bytes: Vec<u8>,
    file: u64,
    sketch: Sketch,
}

/// Makes a base of the files below `operands`: of text or of programs, whichever has more
/// bytes. Files of the same content count once. The same files give the same base.
///
/// # Errors
/// [`ArchiveError::NothingToTrain`] if no file suits; [`ArchiveError::Limit`] if there are
/// too many for the memory allowed; [`ArchiveError::Interrupted`]. Files that cannot be read
/// are reported as warnings and left out.
pub fn train(
    operands: &[PathBuf],
    walking: WalkOptions,
    options: &TrainOptions,
    control: &Control,
) -> Result<Trained, ArchiveError> {
    let walked = walk(operands, walking)?.map(|found| Ok(found?.map(Source::Tree)));
    let Plan { contents, held, .. } = plan(walked, options.jobs, options.memory, control)?;
    let contents = suiting(contents)?;
    let bytes: u64 = contents.iter().map(looked_at).sum();
    // Bytes and sketches, and the worth of each string.
    check_cost(held.saturating_add(bytes.saturating_mul(8)), options.memory)?;
    control.events.event(Event::Total { entries: contents.len() as u64, bytes });
    let mut pieces = Vec::new();
    for (number, content) in (0..).zip(&contents) {
        control.check()?;
        let read = read_start(content, control);
        control.events.event(Event::Progress { bytes: looked_at(content), stored: 0 });
        cut(&read, piece_length(options.size), |bytes| {
            let sketch = dense_sketch(bytes, ONE_IN);
            pieces.push(Piece { bytes: bytes.to_vec(), file: number, sketch });
        });
    }
    let looked_at = contents.len() as u64;
    let (bytes, taken) = assemble(&pieces, options.size);
    match bytes.is_empty() {
        true => Err(ArchiveError::NothingToTrain { cause: "no file could be read" }),
        false => Ok(Trained { bytes, looked_at, taken }),
    }
}

/// As [`train`], and writes the base as the file `path`, which appears whole or not at all
/// and is not looked at itself. What stood there is replaced.
///
/// # Errors
/// As [`train`]; [`ArchiveError::Io`] if it cannot be written.
pub fn train_file(
    path: &Path,
    operands: &[PathBuf],
    mut walking: WalkOptions,
    options: &TrainOptions,
    control: &Control,
) -> Result<Trained, ArchiveError> {
    let output = Output::new(path)?;
    walking.leave_out.extend(output.identities());
    let trained = train(operands, walking, options, control)?;
    output.file().write_all(&trained.bytes).map_err(|source| {
        let path = path.to_owned();
        ArchiveError::Io { path, operation: "write", source }
    })?;
    control.check()?;
    output.commit()?;
    Ok(trained)
}

/// Leaves the contents of the kind that has more bytes, and of many only some.
fn suiting(contents: Vec<ContentPlan>) -> Result<Vec<ContentPlan>, ArchiveError> {
    let total = |kind| -> u64 {
        let of_kind = contents.iter().filter(|content| content.kind == kind);
        of_kind.map(looked_at).sum()
    };
    let (text, binary) = (total(ContentKind::Text), total(ContentKind::Binary));
    let kind = if text >= binary { ContentKind::Text } else { ContentKind::Binary };
    let every = text.max(binary).div_ceil(LOOKED_AT) as usize;
    if every == 0 {
        let cause = "there is no file of text or programs that is not empty";
        return Err(ArchiveError::NothingToTrain { cause });
    }
    let suits = |content: &ContentPlan| content.kind == kind && content.size() > 0;
    Ok(contents.into_iter().filter(suits).step_by(every).collect())
}

/// Bytes of a content that are looked at.
fn looked_at(content: &ContentPlan) -> u64 {
    content.size().min(OF_FILE)
}

/// Reads the start of the first file of a content that can be read; failures are reported.
fn read_start(content: &ContentPlan, control: &Control) -> Vec<u8> {
    let names = content.nodes.iter().filter_map(|node| node.names.first());
    for source in names.filter_map(|name| name.source.as_ref()) {
        let mut bytes = vec![0; looked_at(content) as usize];
        let read = source.open().and_then(|mut open| read_full(&mut open, &mut bytes));
        match read {
            Ok(length) => {
                bytes.truncate(length);
                return bytes;
            }
            Err(ArchiveError::Tree(error)) => control.warn(error.leaving_out(Missing::Whole)),
            Err(error) => control.warn(error),
        }
    }
    Vec::new()
}

/// Most bytes of a piece of a base of `size` bytes.
fn piece_length(size: u64) -> usize {
    (size / PIECES).clamp(1 << 10, 16 << 10) as usize
}

/// Cuts bytes into pieces of at most `most` bytes, behind a newline if there is one in the
/// second half.
fn cut(mut bytes: &[u8], most: usize, mut take: impl FnMut(&[u8])) {
    while bytes.len() > most {
        let line = memchr::memrchr(b'\n', &bytes[most / 2..most]);
        let (piece, rest) = bytes.split_at(line.map_or(most, |place| most / 2 + place + 1));
        take(piece);
        bytes = rest;
    }
    if !bytes.is_empty() {
        take(bytes);
    }
}

/// Puts the pieces that are worth most into a base of at most `size` bytes. Returns it, and
/// how many files are in it.
fn assemble(pieces: &[Piece], size: u64) -> (Vec<u8>, u64) {
    let known: Vec<Known> = pieces
        .iter()
        .map(|piece| Known { size: piece.bytes.len() as u64, sketch: &piece.sketch })
        .collect();
    let files: Vec<u64> = pieces.iter().map(|piece| piece.file).collect();
    let chosen = rank(&known, &files, size);
    let mut taken: Vec<u64> = chosen.iter().map(|&place| files[place]).collect();
    taken.sort_unstable();
    taken.dedup();
    let bytes = chosen.iter().rev().flat_map(|&place| &pieces[place].bytes).copied().collect();
    (bytes, taken.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(texts: &[&str]) -> Vec<Piece> {
        let piece = |(file, text): (usize, &&str)| {
            let bytes = text.as_bytes().to_vec();
            Piece { sketch: dense_sketch(&bytes, 1), file: file as u64, bytes }
        };
        texts.iter().enumerate().map(piece).collect()
    }

    #[test]
    fn what_many_files_share_stands_last_and_once() {
        let two = "a line that two of the files have";
        let all = "this stands in every one of them, or nearly";
        let lonely = "nobody else says that at all, ever";
        let texts = [lonely, two, all, all, two, all];
        let (base, taken) = assemble(&pieces(&texts), (two.len() + all.len()) as u64);
        assert_eq!(String::from_utf8(base).unwrap(), [two, all].concat());
        assert_eq!(taken, 2);
        let (base, taken) = assemble(&pieces(&texts), 1 << 20);
        assert_eq!((base.len(), taken), (texts.concat().len(), 6), "what is left is filled up");
    }

    #[test]
    fn pieces_end_with_lines_and_lose_nothing() {
        let lines: String = (0..400).map(|number| format!("line {number}\n")).collect();
        let mut found: Vec<Vec<u8>> = Vec::new();
        cut(lines.as_bytes(), 100, |piece| found.push(piece.to_vec()));
        assert!(found.iter().all(|piece| piece.len() <= 100 && piece.ends_with(b"\n")));
        assert_eq!(found.concat(), lines.as_bytes());
        let mut lengths = Vec::new();
        cut(&[b'x'; 250], 100, |piece| lengths.push(piece.len()));
        assert_eq!(lengths, [100, 100, 50]);
    }
}
