//! Archives of which one thing is forged, with right hashes, end as the format says in
//! every way of reading them: the fault is told by its kind, no file has wrong bytes, and
//! what does not need the forged part comes out.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::cases::{self, Case, FILES, Fault};
use forge::{Archive, Batch, HEADER, Item, Kind, Row, Section, Value};
use pear_archive::archive::{
    ArchiveError, Control, ErrorKind, ExtractOptions, ExtractSummary, Limits, Silent, extract,
    extract_stream, salvage,
};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

type Outcome = Result<ExtractSummary, ArchiveError>;
type Read = fn(&[u8], &Path) -> Outcome;

fn limits() -> Limits {
    Limits { memory: 1 << 26, index_bytes: 1 << 20, output_bytes: 2 << 20, ..Limits::default() }
}

fn one_job() -> ExtractOptions {
    ExtractOptions { jobs: 1, ..ExtractOptions::default() }
}

fn by_index(archive: &[u8], to: &Path) -> Outcome {
    extract(archive, to, &one_job(), &limits(), &CONTROL)
}

fn from_a_pipe(archive: &[u8], to: &Path) -> Outcome {
    extract_stream(archive, to, &one_job(), &limits(), &CONTROL)
}

fn by_search(archive: &[u8], to: &Path) -> Outcome {
    salvage(archive, to, &one_job(), &limits(), &CONTROL)
}

/// Makes a directory that costs no disk, if there is one: these tests make thousands.
fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

const WAYS: [(&str, Read); 3] =
    [("by index", by_index), ("from a pipe", from_a_pipe), ("by search", by_search)];

/// Returns whether an outcome has one of these kinds.
fn has(outcome: &Outcome, kinds: &[ErrorKind]) -> bool {
    match outcome {
        Ok(summary) => kinds.iter().any(|&kind| summary.failed(kind) > 0),
        Err(error) => kinds.contains(&error.kind()),
    }
}

/// Returns whether everything was done without a failure.
fn is_fine(outcome: &Outcome) -> bool {
    outcome.as_ref().is_ok_and(|summary| summary.failures.is_empty())
}

/// Returns what is wrong with the outcome of a case, if anything.
fn wrong(case: &Case, outcome: &Outcome, to: &Path) -> Option<String> {
    let is_told = match case.fault {
        Fault::Nothing => is_fine(outcome),
        Fault::Unfinished => has(outcome, &[ErrorKind::Environment]),
        Fault::Damaged => has(outcome, &[ErrorKind::Integrity]),
        Fault::Unsupported => has(outcome, &[ErrorKind::Unsupported]),
        Fault::Unsafe => has(outcome, &[ErrorKind::Unsafe]),
        Fault::TooMuch => has(outcome, &[ErrorKind::Integrity, ErrorKind::Limit]),
        Fault::NotYet => has(outcome, &[ErrorKind::Integrity, ErrorKind::Unsupported]),
    };
    if !is_told {
        return Some(format!("{outcome:?}"));
    }
    for (name, content) in FILES {
        let found = fs::read(to.join(name)).ok();
        if found.is_none() && case.out.contains(&name) {
            return Some(format!("{name} did not come out: {outcome:?}"));
        }
        if found.is_some_and(|found| found != content) {
            return Some(format!("{name} is wrong"));
        }
    }
    None
}

fn check(cases: Vec<Case>) {
    let mut faults = Vec::new();
    for case in &cases {
        for (way, read) in WAYS {
            let sealed = scratch();
            let to = sealed.path().join("to");
            fs::create_dir(&to).unwrap();
            let outcome = read(&case.archive, &to);
            let beside = fs::read_dir(sealed.path()).unwrap().count() - 1;
            if beside > 0 {
                faults.push(format!("{} {way}: something was written outside", case.name));
            }
            if let Some(fault) = wrong(case, &outcome, &to) {
                faults.push(format!("{} {way} must be {:?}: {fault}", case.name, case.fault));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len() * 3, faults.join("\n"));
}

#[test]
fn forged_preface_headers_and_footer_cost_no_more_than_they_hold() {
    check(cases::framing());
}

#[test]
fn tables_in_another_form_than_the_one_are_refused() {
    check(cases::tables());
}

#[test]
fn entries_that_break_a_rule_are_refused_and_others_come_out() {
    check(cases::entries());
}

#[test]
fn an_index_that_breaks_a_rule_costs_no_file() {
    check(cases::index());
}

#[test]
fn contents_that_break_a_rule_are_refused_and_others_come_out() {
    check(cases::contents());
}

#[test]
fn batches_that_break_a_rule_are_refused_and_others_come_out() {
    check(cases::parts());
}

#[test]
fn runs_that_break_a_rule_are_refused_and_others_come_out() {
    check(cases::runs());
}

#[test]
fn recipes_that_break_a_rule_are_refused_and_others_come_out() {
    check(cases::recipes());
}

#[test]
fn bases_that_break_a_rule_are_refused_and_others_come_out() {
    let mut all = cases::bases();
    for case in &mut all {
        // The payloads of sound ones are none of the codec, and what is wrong with a base
        // may be said of the groups that need it.
        if matches!(case.fault, Fault::Nothing | Fault::Damaged) {
            case.fault = Fault::NotYet;
        }
    }
    check(all);
}

#[test]
fn spans_are_cut_where_the_independent_writer_cuts_them() {
    for (lengths, groups, join, _) in cases::CUTS {
        let archive = Archive::of_batches(&[cases::batch_of(lengths, groups, join)]).bytes();
        for (way, read) in WAYS {
            let to = scratch();
            let outcome = read(&archive, to.path());
            let is_fine = is_fine(&outcome);
            assert!(is_fine, "{lengths:?} {groups:?} {join} {way}: {outcome:?}");
            assert_eq!(fs::read_dir(to.path()).unwrap().count(), lengths.len());
        }
    }
}

/// Makes an archive of the first batch of the sample and a file of these bytes, the header
/// of whose group is lost.
fn around(content: &'static [u8]) -> Vec<u8> {
    let batches = [Batch::of_files(&FILES[..2]), Batch::of_files(&[("inner", content)])];
    let mut archive = Archive::of_batches(&batches).bytes();
    let header = forge::groups(&archive)[1].offset;
    archive[header + 33] ^= 1;
    archive[header + 37] ^= 1;
    archive
}

#[test]
fn an_archive_of_the_same_id_inside_a_damaged_one_replaces_no_file() {
    let inner = Archive::of_batches(&[Batch::of_files(&[("a.txt", b"evil"), ("b.txt", b"evil")])]);
    let archive = around(inner.bytes().leak());
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(&archive, to.path());
        // Panics if one of them has other bytes.
        let out = count_out(to.path());
        assert!(has(&outcome, &[ErrorKind::Integrity]) && out <= 2, "{way}: {outcome:?}");
    }
}

#[test]
fn a_megabyte_of_sync_is_searched_once() {
    let archive = around(forge::SYNC.repeat(1 << 18).leak());
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(&archive, to.path());
        assert!(has(&outcome, &[ErrorKind::Integrity]), "{way}: {outcome:?}");
        assert_eq!(count_out(to.path()), 2, "{way}: {outcome:?}");
    }
}

/// Returns how many of the files of the sample come out, all of them right.
fn count_out(to: &Path) -> usize {
    let found = |(name, content): &(&str, &[u8])| match fs::read(to.join(name)) {
        Ok(found) => {
            assert_eq!(found, *content, "{name} is wrong");
            true
        }
        Err(_) => false,
    };
    FILES.iter().filter(|file| found(file)).count()
}

#[test]
fn a_footer_that_differs_from_the_last_costs_no_file_and_verification_tells() {
    let bytes = cases::footers_that_differ();
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(&bytes, to.path());
        assert_eq!(count_out(to.path()), 4, "{way}: {outcome:?}");
    }
    let found = pear_archive::Archive::open(&bytes[..], &limits());
    let verified = found.and_then(|archive| archive.verify(1, &CONTROL));
    assert!(verified.map_or(true, |summary| !summary.failures.is_empty()));
}

#[test]
fn no_parity_section_makes_an_archive_unreadable() {
    let sound = Archive::of_batches(&cases::sample());
    let (_, table) = forge::parity::protected(&sound, 64, 4);
    for (row, (name, value)) in table.0.iter().enumerate() {
        if !matches!(value, Value::Varint(_)) {
            continue;
        }
        for forged in [0, 1, 63, 1 << 24, 1 << 40, u64::MAX - 99, u64::MAX] {
            let mut table = table.clone();
            table.0[row].1 = Value::Varint(forged);
            let mut archive = sound.clone();
            archive.closing.push(Section::stored(forge::PARITY, &table.bytes()));
            let mut damaged = archive.bytes();
            // A byte that the record would make right, if it could be trusted.
            let entry = archive.offsets()[cases::LAST_ENTRY];
            damaged[entry + HEADER + 9] ^= 1;
            damaged[entry + HEADER + 11] ^= 1;
            for (way, read) in WAYS {
                for (bytes, least) in [(&archive.bytes(), 4), (&damaged, 2)] {
                    let to = scratch();
                    let outcome = read(bytes, to.path());
                    let out = count_out(to.path());
                    assert!(out >= least, "{name} {row} is {forged} {way}: {outcome:?}");
                }
            }
        }
    }
}

#[test]
fn what_parity_covers_is_made_again_after_a_burst() {
    let sets = 8;
    let sound = Archive::of_batches(&cases::sample());
    let (archive, _) = forge::parity::protected(&sound, 64, sets);
    let bytes = archive.bytes();
    let places = forge::places(&bytes);
    let index = places.iter().find(|place| place.kind == forge::INDEX).unwrap();
    for place in [&places[0], &places[cases::LAST_ENTRY], index] {
        let mut damaged = bytes.clone();
        let burst = place.range().len().min(64 * (sets - 1));
        damaged[place.range()][..burst].iter_mut().for_each(|byte| *byte ^= 0x55);
        for (way, read) in [("by index", by_index as Read), ("by search", by_search)] {
            let to = scratch();
            let outcome = read(&damaged, to.path());
            assert!(has(&outcome, &[ErrorKind::Integrity]), "{way}: {outcome:?}");
            assert_eq!(count_out(to.path()), 4, "{way} {place:?}: {outcome:?}");
        }
    }
}

/// Checks that an archive is refused because of a limit, in every way of reading it.
fn check_limit(what: &str, archive: &[u8]) {
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(archive, to.path());
        assert!(has(&outcome, &[ErrorKind::Limit]), "{what} {way}: {outcome:?}");
    }
}

#[test]
fn tables_that_unfold_beyond_the_limits_are_refused() {
    let zeros = vec![0; 1 << 24];
    let entry = Section::stored(forge::ENTRY, &zeros).compressed();
    check_limit("16 MiB of zeros", &Archive::of(&[entry]).bytes());
    for (what, path) in
        [("a long path", "x".repeat(70_000)), ("a deep path", "x/".repeat(33_000) + "x")]
    {
        let batch = Batch::of_items(vec![Item::new(path, Kind::Directory)]);
        check_limit(what, &Archive::of_batches(&[batch]).bytes());
    }
    // 4,000 paths, each 16 bytes longer than the one before.
    let step = |number: usize| Item::new("0123456789/abcde".repeat(number + 1), Kind::Fifo);
    let batch = Batch::of_items((0..4000).map(step).collect());
    check_limit("paths that share", &Archive::of_batches(&[batch]).bytes());
}

#[test]
fn a_file_of_holes_beyond_the_output_allowed_is_refused() {
    for size in [4 << 20, 1 << 50, u64::MAX] {
        let mut batch = Batch::of_files(&[("holes", b"data")]);
        batch.rows[0] = Row { map: Some((size, vec![(size - 4, 4)])), ..Row::of(4) };
        check_limit("a file of holes", &Archive::of_batches(&[batch]).bytes());
    }
}

#[test]
fn runs_beyond_the_output_allowed_are_refused_before_anything_is_written() {
    for (count, length) in [(300_000, 24), (200, 1 << 16)] {
        let first = vec![b'x'; length as usize];
        let content = Vec::new();
        let mut batch = Batch::of_files(&[("bomb", b"")]);
        batch.rows[0] = Row::in_runs(&vec![(length, length); count], &content);
        let batches = [Batch::of_files(&[("a", &first)]), batch];
        check_limit("a file of runs", &Archive::of_batches(&batches).bytes());
    }
}

#[test]
fn an_archive_within_the_limits_is_not_refused_by_its_many_small_parts() {
    // Rows of no bytes that no entry names, and classes that share a set.
    let mut batch = Batch::of_files(&[("a.txt", FILES[0].1)]);
    batch.rows.extend((0..20_000).map(|_| Row::of(0)));
    let archive = Archive::of_batches(&[batch]).bytes();
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(&archive, to.path());
        assert!(is_fine(&outcome), "{way}: {outcome:?}");
        assert_eq!(fs::read(to.path().join("a.txt")).unwrap(), FILES[0].1);
    }
}

#[test]
fn a_footer_is_known_where_its_first_bytes_look_like_a_section() {
    // Index_Offset counts up to Sync only in archives of gigabytes: the bytes of the
    // section before are a hole that a reader of pipes must skip.
    let sound = Archive::of_batches(&cases::sample());
    let mut bytes = sound.bytes();
    let at = bytes.len() - forge::FOOTER;
    bytes[at..at + 4].copy_from_slice(&forge::SYNC);
    let hash = forge::tag("footer", &bytes[at..at + 56]);
    bytes[at + 56..at + 64].copy_from_slice(&hash);
    // From a pipe the footer is found by its hash, and its offset is what is wrong.
    let to = scratch();
    let outcome = from_a_pipe(&bytes, to.path());
    assert!(has(&outcome, &[ErrorKind::Integrity]), "{outcome:?}");
    for (name, content) in &FILES[..4] {
        assert_eq!(fs::read(to.path().join(name)).unwrap(), *content);
    }
}

#[test]
fn headers_that_lie_inside_each_other_end() {
    let mut archive = Archive::of_batches(&cases::sample());
    let inner = archive.sections[cases::FIRST_GROUP].0.bytes();
    let nested = inner.repeat(500);
    let flags = forge::ANCILLARY;
    archive = Archive::of(&[Section { flags, ..Section::stored(9, &nested) }]);
    archive.sections[0].0.payload_hash[0] ^= 1;
    assert!(archive.bytes().len() > 500 * HEADER);
    for (way, read) in WAYS {
        let to = scratch();
        let outcome = read(&archive.bytes(), to.path());
        // Nobody needs the section: only who reads everything looks at it.
        let told = has(&outcome, &[ErrorKind::Integrity]) || way == "by index";
        assert!(told, "{way}: {outcome:?}");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "{way}");
    }
}
