//! Damage to what says what an archive holds: ENTRY sections and INDEX.

use super::*;

/// Makes an archive whose tables are long enough to be protected by PARITY.
fn protected() -> (Vec<u8>, Files) {
    let tree = scratch();
    let mut files = Files::new();
    for number in 0..350u64 {
        // Names that no codec makes short.
        let [one, other] = [7, 13].map(|add| (number + add).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let name = format!("{one:016x}{other:016x}.txt");
        let content = format!("{number}").repeat(1 + number as usize % 7).into_bytes();
        fs::write(tree.path().join(&name), &content).unwrap();
        files.insert(name, content);
    }
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, jobs: 1, ..CreateOptions::default() };
    let walking = WalkOptions { base: tree.path().to_owned(), ..WalkOptions::default() };
    let mut archive = Vec::new();
    create_stream(&mut archive, &[PathBuf::from(".")], walking, &options, &CONTROL).unwrap();
    (archive, files)
}

/// Returns offset and length of every section: type, start, end.
fn sections(archive: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut at, mut sections) = (32, Vec::new());
    while archive[at..].starts_with(&[0xF0, 0x9F, 0x8D, 0x90]) {
        let stored = u32::from_le_bytes(archive[at + 32..at + 36].try_into().unwrap());
        let end = at + 56 + stored as usize;
        sections.push((archive[at + 16], at, end));
        at = end;
    }
    sections
}

#[test]
fn a_burst_in_a_table_is_repaired_by_parity() {
    let (archive, files) = protected();
    let sections = sections(&archive);
    let kinds: Vec<u8> = sections.iter().map(|section| section.0).collect();
    assert!(kinds.ends_with(&[3, 5, 5]), "{kinds:?}");
    for &(kind, start, end) in &sections {
        let burst = (end - start).min(500);
        for at in [start, start + 20, (start + end) / 2, end] {
            let at = at.min(end - burst);
            let mut damaged = archive.clone();
            damaged[at..at + burst].fill(0xAA);
            let what = format!("section of type {kind} at byte {at}");
            for read in [by_index as fn(&[u8], &Path) -> Outcome, by_search] {
                let to = scratch();
                let outcome = read(&damaged, to.path());
                let found = check(&outcome, to.path(), &files, &what);
                // Of the stored group, what is hit is lost: PARITY covers the tables.
                assert!(found == files.len() || kind == 2, "{what}: {found}");
                let told = outcome.unwrap().failures;
                assert!(!told.is_empty() || kind == 5, "{what}");
            }
        }
    }
}

#[test]
fn a_damaged_table_that_nothing_repairs_costs_its_batch_and_says_so() {
    let (archive, _) = protected();
    let (_, start, end) = sections(&archive).into_iter().find(|section| section.0 == 1).unwrap();
    let mut damaged = archive.clone();
    damaged[start + 60..end].fill(0);
    let opened = Archive::open_any(&damaged[..], &limits(), &CONTROL).unwrap();
    let recovery = opened.recovery().unwrap();
    assert_eq!(recovery.lost_batches.len(), 1);
    assert_eq!(
        (recovery.lost_batches[0].offset, recovery.lost_batches[0].groups),
        (start as u64, 1)
    );
    let to = scratch();
    assert!(from_a_pipe(&damaged, to.path()).unwrap().failed(ErrorKind::Integrity) > 0);
}

#[test]
fn a_table_whose_header_is_lost_is_found_by_the_index() {
    let (archive, files) = sample();
    for (_, start, _) in sections(&archive).into_iter().filter(|section| section.0 == 1) {
        let mut damaged = archive.clone();
        damaged[start..start + 56].fill(0xAA);
        for read in [by_index as fn(&[u8], &Path) -> Outcome, by_search] {
            let to = scratch();
            let outcome = read(&damaged, to.path());
            assert_eq!(check(&outcome, to.path(), &files, "no header"), files.len());
            assert!(outcome.unwrap().failed(ErrorKind::Integrity) > 0);
        }
    }
}

#[test]
fn one_wrong_bit_of_a_table_costs_nothing() {
    let (archive, files) = sample();
    let tables = sections(&archive).into_iter().filter(|section| section.0 == 1);
    for (_, start, end) in tables {
        for at in (start + 56..end).step_by(7) {
            let mut damaged = archive.clone();
            damaged[at] ^= 1 << (at % 8);
            for read in [by_index as fn(&[u8], &Path) -> Outcome, from_a_pipe, by_search] {
                let to = scratch();
                let outcome = read(&damaged, to.path());
                let what = format!("byte {at}");
                assert_eq!(check(&outcome, to.path(), &files, &what), files.len(), "{what}");
                assert!(!outcome.unwrap().failures.is_empty(), "{what}: nothing was reported");
            }
        }
    }
}
