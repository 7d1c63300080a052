//! Archives from pipes, with more or less than belongs there.

use super::*;
use crate::forge::{Archive, Batch, DATA, HEADER, Item, Kind, Row, Section};

#[test]
fn an_intact_archive_is_found_intact_from_a_pipe() {
    let (archive, _) = sample();
    let done = verify_stream(&archive[..], 1, &GivenBases::default(), &limits(), &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
}

#[test]
fn a_file_taken_back_and_announced_again_comes_out_in_every_way() {
    let content = b"first second";
    let file = |row| vec![Item::new("a", Kind::File(row))];
    let start = Batch {
        groups: vec![b"first ".to_vec()],
        rows: vec![Row::of(6)],
        open: Some((0, 6)),
        items: file(0),
        ..Batch::default()
    };
    // The content goes on with nothing, and ends as what was read of it.
    let ends = Some(crate::forge::digest(b"first "));
    let again = Batch {
        groups: vec![content.to_vec()],
        rows: vec![Row { ends, ..Row::of(0) }, Row::of(12)],
        revoked: Some(vec![0]),
        items: file(1),
        ..Batch::default()
    };
    let archive = Archive::of_batches(&[start.clone(), again.clone()]).bytes();
    let index = crate::forge::index_offset(&archive);
    let files = Files::from([("a".to_owned(), content.to_vec())]);
    for read in WAYS {
        assert_eq!(names(read, &archive, &files), ["a"]);
        assert_eq!(names(read, &archive[..index], &files), ["a"]);
    }
    // A file that is revoked for good does not come out.
    let gone = Batch { items: Vec::new(), ..again };
    let archive = Archive::of_batches(&[start, gone]).bytes();
    for read in WAYS {
        let to = scratch();
        read(&archive, to.path()).unwrap();
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
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
    let length = 4000u32;
    let all = vec![Section { raw_length: 1, ..Section::stored(DATA, b"") }; length as usize];
    let mut forged = Archive::of(&all);
    for (number, (header, _)) in (0..length).zip(&mut forged.sections) {
        header.stored_length = (length - number) * HEADER as u32;
    }
    let archive = forged.bytes();
    let archive = &archive[..forged.offsets()[length as usize]];
    let mut reader =
        pear_archive::container::StreamReader::new(Counting(archive, 0), &limits()).unwrap();
    let mut payloads = 0;
    loop {
        match reader.next_section() {
            Ok(None) => break,
            Ok(Some(found)) => payloads += found.payload.len(),
            Err(_) => {}
        }
    }
    // All of them together would be 450 MB.
    assert!(payloads < 30 << 20, "{payloads}");
}
