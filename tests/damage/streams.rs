//! Archives from pipes, with more or less than belongs there.

use super::forged::{entry, file};
use super::*;

#[test]
fn an_intact_archive_is_found_intact_from_a_pipe() {
    let (archive, _) = sample();
    let done = verify_stream(&archive[..], 1, &limits(), &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
}

#[test]
fn a_file_taken_back_and_announced_again_comes_out_of_pipes_and_searches() {
    let content = b"first second";
    let of = |kind| entry("a", kind);
    let piece = |length| vec![Piece { length, sparse: None }];
    let start = Part {
        following: 6,
        group_digest: digest(b"first "),
        pieces: piece(6),
        entries: vec![of(Kind::File(Content::default()))],
        file_pieces: vec![0],
        ..Part::default()
    };
    let mut pieces = piece(0);
    pieces.extend(piece(12));
    let again = Part {
        continued: true,
        revoked: vec![0],
        group_digest: digest(content),
        pieces,
        entries: vec![of(Kind::File(Content::default()))],
        file_pieces: vec![1],
        ..Part::default()
    };
    let forge = |part: &Part, named: bool| {
        let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
        writer.write_part(&start).unwrap();
        writer.write_group((0, 0, 0), 6, b"first ").unwrap();
        writer.write_part(part).unwrap();
        writer.write_group((0, 0, 0), 12, content).unwrap();
        let entry = of(file(content, 1));
        writer.finish(if named { vec![entry] } else { Vec::new() }).unwrap().0
    };
    let archive = forge(&again, true);
    let index = Reader::open(&archive[..], &limits()).unwrap().footer().unwrap().index_offset;
    let files = Files::from([("a".to_owned(), content.to_vec())]);
    for read in [from_a_pipe as fn(&[u8], &Path) -> Outcome, by_search] {
        assert_eq!(names(read, &archive, &files), ["a"]);
        assert_eq!(names(read, &archive[..index as usize], &files), ["a"]);
    }
    // Verification reports a file that is revoked for good.
    let gone = Part { entries: Vec::new(), file_pieces: Vec::new(), ..again };
    let archive = forge(&gone, true);
    let opened = Archive::open(&archive[..], &limits()).unwrap();
    assert!(!opened.verify(1, &CONTROL).unwrap().failures.is_empty());
    assert!(!verify_stream(&archive[..], 1, &limits(), &CONTROL).unwrap().failures.is_empty());
}

/// A source that counts the bytes read from it.
struct Counting<'a>(&'a [u8], u64);

impl std::io::Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = std::io::Read::read(&mut self.0, buffer)?;
        self.1 += count as u64;
        Ok(count)
    }
}

#[test]
fn an_archive_of_nothing_but_headers_ends_in_bounded_sections() {
    // Each header claims everything that follows as its payload.
    let length = 4000u64;
    let mut archive = Writer::new(Vec::new(), [7; 16]).unwrap().finish(Vec::new()).unwrap().0;
    archive.truncate(PREFACE_LENGTH);
    for number in 0..length {
        let header = SectionHeader {
            sequence: number,
            section_type: 2,
            flags: 0,
            codec: 0,
            filter: 0,
            model: 0,
            group: number,
            stored_length: (length - number) * 80,
            raw_length: 1,
        };
        archive.extend(header.to_bytes(&[7; 16]));
    }
    let mut reader =
        pear_archive::container::StreamReader::new(Counting(&archive, 0), &limits()).unwrap();
    let mut payloads = 0;
    loop {
        match reader.next_section() {
            Ok(None) => break,
            Ok(Some(found)) => payloads += found.payload.len(),
            Err(_) => {}
        }
    }
    // All of them together would be 640 MB.
    assert!(payloads < 40 << 20, "{payloads}");
}
