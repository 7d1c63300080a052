//! Tells to which archive bytes belong that may be a part of one: a volume.

use super::input::Input;
use super::{
    ArchiveId, FOOTER_LENGTH, Footer, HEADER_LENGTH, PREFACE_LENGTH, Preface, ReadAt, SYNC,
    SectionHeader,
};
use std::io::{self, Read};

/// Whose sections begin in a part of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// One at least is of the archive.
    Here,
    /// All are of other archives.
    Elsewhere,
    /// None begins there.
    Unknown,
}

/// Reads a part of an archive up to the first section header of the archive `id`, or to its
/// end, and tells whether its sections are of that archive. An archive that is stored within
/// another one does not deceive it, unless no section of the outer one begins in the part.
///
/// # Errors
/// Any error of reading.
pub fn belonging(part: impl Read, id: &ArchiveId) -> io::Result<Belonging> {
    let mut input = Input::new(part);
    let mut found = Belonging::Unknown;
    while input.find(&SYNC)? {
        if let Some(header) = input.peek(HEADER_LENGTH)?.first_chunk()
            && let Ok((_, of)) = SectionHeader::parse(header)
        {
            if of == *id {
                return Ok(Belonging::Here);
            }
            found = Belonging::Elsewhere;
        }
        input.pass(SYNC.len());
    }
    Ok(found)
}

/// Returns the footer that the last 72 bytes of a source are, wherever in an archive it stands;
/// `None` if they are none or cannot be read.
pub fn footer_of<S: ReadAt + ?Sized>(source: &S) -> Option<Footer> {
    let offset = source.length().ok()?.checked_sub(FOOTER_LENGTH as u64)?;
    let mut bytes = [0; FOOTER_LENGTH];
    source.read_exact_at(&mut bytes, offset).ok()?;
    Footer::parse(&bytes).ok()
}

/// Returns the preface that a source begins with; `None` if it begins with none or cannot be
/// read.
pub fn preface_of<S: ReadAt + ?Sized>(source: &S) -> Option<Preface> {
    let mut bytes = [0; PREFACE_LENGTH];
    source.read_exact_at(&mut bytes, 0).ok()?;
    Preface::from_bytes(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{GroupCoding, Writer};

    fn archive(id: ArchiveId, raw: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), id).unwrap();
        writer.write_group(GroupCoding::default(), raw.len() as u64, raw).unwrap();
        writer.finish().unwrap().0
    }

    #[test]
    fn a_part_belongs_to_the_archive_whose_sections_begin_there() {
        let inner = archive([1; 8], b"some bytes");
        let outer = archive([2; 8], &inner);
        let of = |part: &[u8], id| belonging(part, &[id; 8]).unwrap();
        assert_eq!(of(&outer[1..], 2), Belonging::Here);
        assert_eq!(of(&outer[1..], 3), Belonging::Elsewhere);
        assert_eq!(of(&outer[40..40 + inner.len()], 2), Belonging::Elsewhere);
        assert_eq!(of(&outer[1..40], 2), Belonging::Unknown);
        assert_eq!(footer_of(&outer).unwrap().archive_id, [2; 8]);
        assert_eq!(footer_of(&outer[1..]).unwrap().file_length, outer.len() as u64);
        assert!(footer_of(&outer[..71]).is_none() && footer_of(&outer[..90]).is_none());
        assert_eq!(preface_of(&outer).unwrap().archive_id, [2; 8]);
        assert!(preface_of(&outer[1..]).is_none());
    }
}
