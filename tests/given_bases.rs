//! Archives whose groups go on from a base that the user gives, within the archive or
//! outside of it.

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, DATA, ENTRY, Section};
use pear_archive::archive::{
    Archive, ArchiveError, Control, Event, Events, ExportOptions, ExtractOptions, GroupInfo,
    Silent, cat_stream, export_piped_stream, extract_stream, list_stream, verify_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::options::{CreateBase, CreateOptions, GivenBase, GivenBases, Limits};
use pear_archive::patterns::Patterns;
use pear_archive::{Builder, ErrorKind};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

/// A record of a service that does not exist, different for every number.
fn record(number: u32) -> String {
    let mixed = number.wrapping_mul(2_654_435_761);
    let (city, state) = (mixed >> 7 & 3, ["open", "closed", "delayed", "lost"]);
    format!(
        "{{\n  \"identifier\": \"{mixed:08x}\",\n  \"warehouse\": {{ \"city\": \"{}\", \
         \"shelf\": {} }},\n  \"delivery_state\": \"{}\",\n  \"remarks\": null,\n  \"weight_in_grams\": {}\n}}\n",
        ["Utrecht", "Leipzig", "Porto", "Turku"][city as usize],
        mixed >> 20 & 63,
        state[mixed as usize >> 3 & 3],
        mixed >> 12 & 4095,
    )
}

fn base() -> GivenBase {
    let records: String = (1000..1060).map(record).collect();
    GivenBase::new(records.into_bytes()).unwrap()
}

fn given() -> GivenBases {
    GivenBases::from_iter([base()])
}

/// Records and a program that resembles none.
fn files() -> BTreeMap<String, Vec<u8>> {
    let records = (0..30).map(|number| (format!("r/{number:03}.json"), record(number).into()));
    let program: Vec<u8> = (0..3000u32).flat_map(|n| (n * n / 7).to_le_bytes()).collect();
    records.chain([("program".to_owned(), program)]).collect()
}

fn options(outside: bool, level: u8) -> CreateOptions {
    let codec = CodecOptions { level, ..CodecOptions::default() };
    let base = Some(CreateBase { given: base(), outside });
    CreateOptions { codec, base, jobs: 1, ..CreateOptions::default() }
}

fn pack(files: &BTreeMap<String, Vec<u8>>, options: &CreateOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options.clone());
    for (path, data) in files {
        builder.append_data(path.as_str(), data.clone()).unwrap();
    }
    let summary = builder.finish().unwrap();
    assert_eq!(summary.bytes, files.values().map(|data| data.len() as u64).sum::<u64>());
    bytes
}

fn open(bytes: &[u8]) -> Archive<&[u8]> {
    Archive::open(bytes, &Limits::default()).unwrap()
}

/// Collects warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Events for Warnings {
    fn event(&self, event: Event) {
        if let Event::Warning(error) = event {
            self.0.lock().unwrap().push(error.to_string());
        }
    }
}

/// Compares all files of an archive, read in each way.
fn assert_holds(bytes: &[u8], bases: &GivenBases, files: &BTreeMap<String, Vec<u8>>) {
    let limits = Limits::default();
    let archive = open(bytes).with_bases(bases.clone());
    for (path, data) in files {
        assert!(archive.read(path).unwrap() == *data, "{path}");
    }
    assert!(archive.verify(2, &CONTROL).unwrap().is_complete());
    assert!(verify_stream(bytes, 2, bases, &limits, &CONTROL).unwrap().is_complete());
    let options = ExtractOptions { bases: bases.clone(), ..ExtractOptions::default() };
    let to = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    assert!(archive.extract(to[0].path(), &options, &CONTROL).unwrap().is_complete());
    let piped = extract_stream(bytes, to[1].path(), &options, &limits, &CONTROL).unwrap();
    assert!(piped.is_complete());
    for (path, data) in files {
        to.iter().for_each(|to| assert!(fs::read(to.path().join(path)).unwrap() == *data));
    }
    let mut printed = Vec::new();
    let patterns = Patterns::selecting(&["r/*"]).unwrap();
    cat_stream(bytes, &patterns, &mut printed, 1, bases, &limits, &CONTROL).unwrap();
    let records: usize =
        files.iter().filter(|it| it.0.starts_with("r/")).map(|it| it.1.len()).sum();
    assert_eq!(printed.len(), records);
    let options = ExportOptions { bases: bases.clone(), ..ExportOptions::default() };
    let mut tar = Vec::new();
    let exported = export_piped_stream(bytes, &mut tar, &options, &limits, &CONTROL).unwrap();
    assert_eq!(exported.entries as usize, files.len());
}

#[test]
fn all_files_come_back_from_behind_a_given_base() {
    let files = files();
    for (level, outside) in [(1, false), (1, true), (5, true)] {
        let bytes = pack(&files, &CreateOptions { verify: true, ..options(outside, level) });
        let archive = open(&bytes);
        let groups: Vec<GroupInfo> = archive.groups().collect();
        assert!(groups[0].is_base && groups[0].is_given == outside, "{groups:?}");
        assert_eq!(groups[1].base, Some(0), "{groups:?}");
        assert_eq!((groups.len(), groups[2].base), (3, None), "{groups:?}");
        let digest = outside.then(|| base().digest());
        assert_eq!(archive.given_base(0), digest);
        let bases = if outside { given() } else { GivenBases::default() };
        assert_holds(&bytes, &bases, &files);
    }
}

#[test]
fn a_base_outside_makes_a_small_archive_smaller() {
    let like = [
        include_str!("cli_pipe.rs"),
        include_str!("cli_read.rs"),
        include_str!("cli_extract.rs"),
        include_str!("cli_create.rs"),
    ];
    let given = GivenBase::new(like.concat().into_bytes()).unwrap();
    let files = [("a.rs", include_str!("cli_output.rs")), ("b.rs", include_str!("cli_tar.rs"))];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
    let base = Some(CreateBase { given, outside: true });
    let with = pack(&files, &CreateOptions { base, ..options(true, 5) }).len();
    let without = pack(&files, &CreateOptions { base: None, ..options(true, 5) }).len();
    assert!(with * 100 < without * 96, "{with} of {without}");
}

#[test]
fn a_group_that_the_base_does_not_suit_does_without_it() {
    let text = include_bytes!("given_bases.rs").to_vec();
    let files = BTreeMap::from([("one.rs".to_owned(), text)]);
    let bytes = pack(&files, &CreateOptions { verify: true, ..options(true, 5) });
    let groups: Vec<GroupInfo> = open(&bytes).groups().collect();
    assert_eq!((groups[1].base, groups[1].shipped), (None, Some("rust")));
    assert!(open(&bytes).read("one.rs").unwrap() == files["one.rs"], "without the base");
    assert!(open(&bytes).verify(1, &CONTROL).unwrap().is_complete(), "nothing rests on it");
}

#[test]
fn a_base_that_nothing_goes_on_from_is_left_out() {
    let mut files = files();
    files.retain(|path, _| path == "program");
    let base = None;
    assert!(
        pack(&files, &options(true, 1))
            == pack(&files, &CreateOptions { base, ..options(true, 1) })
    );
}

#[test]
fn the_number_of_jobs_changes_no_byte_behind_a_given_base() {
    let files: BTreeMap<String, Vec<u8>> =
        (0..400).map(|number| (format!("{number:03}.json"), record(number).into())).collect();
    for outside in [false, true] {
        let options = CreateOptions { group_size: 40_000, ..options(outside, 1) };
        let one = pack(&files, &options);
        let groups: Vec<GroupInfo> = open(&one).groups().collect();
        assert!(groups.len() > 3 && groups[1..].iter().all(|group| group.base == Some(0)));
        for jobs in [2, 4] {
            assert!(pack(&files, &CreateOptions { jobs, ..options.clone() }) == one, "{jobs} jobs");
        }
    }
}

#[test]
fn a_missing_base_is_named_in_one_line_and_the_rest_comes_out() {
    let files = files();
    let bytes = pack(&files, &options(true, 1));
    let other = GivenBase::new(&b"another base"[..]).unwrap();
    let name = |base: &GivenBase| base.digest().map(|byte| format!("{byte:02x}")).concat();
    for bases in [GivenBases::default(), GivenBases::from_iter([other.clone()])] {
        let is_wrong = !format!("{bases:?}").contains("[]");
        let options = ExtractOptions { bases: bases.clone(), ..ExtractOptions::default() };
        for piped in [false, true] {
            let (to, warnings) = (TempDir::new().unwrap(), Warnings::default());
            let control = Control { events: &warnings, cancel: &GO_ON };
            let summary = match piped {
                true => {
                    extract_stream(&bytes[..], to.path(), &options, &Limits::default(), &control)
                }
                false => {
                    open(&bytes).with_bases(bases.clone()).extract(to.path(), &options, &control)
                }
            };
            let summary = summary.unwrap();
            assert_eq!(summary.failed(ErrorKind::Unsupported), 30);
            assert_eq!(summary.failures.len(), 1, "{summary:?}");
            assert!(fs::read(to.path().join("program")).unwrap() == files["program"]);
            let warnings = warnings.0.into_inner().unwrap();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            let expected = format!("30 files need the base b3:{}", name(&base()));
            assert!(warnings[0].starts_with(&expected), "{warnings:?}");
            assert!(warnings[0].contains("--base FILE"), "{warnings:?}");
            assert_eq!(warnings[0].contains(&name(&other)), is_wrong, "{warnings:?}");
        }
        let read = open(&bytes).with_bases(bases.clone()).read("r/001.json").unwrap_err();
        assert_eq!(read.kind(), ErrorKind::Unsupported);
        assert!(read.to_string().contains(&name(&base())), "{read}");
        let verified = verify_stream(&bytes[..], 1, &bases, &Limits::default(), &CONTROL).unwrap();
        assert_eq!(verified.failed(ErrorKind::Unsupported), 30);
    }
    let limits = Limits::default();
    assert_eq!(list_stream(&bytes[..], &limits, &CONTROL).unwrap().len(), files.len());
    assert!(open(&bytes).verify_quick(&CONTROL).unwrap().is_complete());
}

#[test]
fn bases_that_cannot_be_gone_on_from_are_refused() {
    let fails = |options: &CreateOptions| {
        let mut builder = Builder::new(Vec::new()).options(options.clone());
        builder.append_data("a.json", record(1)).unwrap();
        builder.finish().unwrap_err()
    };
    let options = options(false, 1);
    let independent = CreateOptions { independent: true, ..options.clone() };
    assert!(matches!(fails(&independent), ArchiveError::NoBase { .. }));
    let codec = CodecOptions { choice: Choice::Only(Codec::Zstd), ..options.codec.clone() };
    assert!(matches!(
        fails(&CreateOptions { codec, ..options.clone() }),
        ArchiveError::NoBase { .. }
    ));
    let digits: Vec<u8> =
        (0..2000).map(|n: u32| b'!' + blake3::hash(&n.to_le_bytes()).as_bytes()[0] % 94).collect();
    let given = GivenBase::new(digits).unwrap();
    // It shrinks a little; a base of two bytes does not.
    let short = GivenBase::new(&b"a\n"[..]).unwrap();
    let with = |given, outside| CreateOptions {
        base: Some(CreateBase { given, outside }),
        ..options.clone()
    };
    assert!(matches!(fails(&with(short.clone(), false)), ArchiveError::NoBase { .. }));
    let files = BTreeMap::from([("a.json".to_owned(), record(1).into_bytes())]);
    for (given, outside) in [(short, true), (given, false)] {
        let bytes = pack(&files, &with(given.clone(), outside));
        let archive = open(&bytes).with_bases(GivenBases::from_iter([given]));
        assert!(archive.read("a.json").unwrap() == files["a.json"]);
    }
}

/// An archive of a base outside and a group behind it, each section to be changed.
fn forged(edit: impl FnOnce(&mut Section, &mut Section)) -> Vec<u8> {
    let mut files = files();
    files.remove("program");
    let bytes = pack(&files, &options(true, 1));
    let places = forge::groups(&bytes);
    let section = |place: &forge::Place| {
        let header = &bytes[place.offset..place.offset + forge::HEADER];
        Section {
            kind: DATA,
            flags: header[17],
            codec: header[18],
            filter: header[19],
            model: u16::from_le_bytes([header[20], header[21]]),
            base_kind: header[22],
            capacity: header[23],
            base: u32::from_le_bytes(header[24..28].try_into().unwrap()),
            raw_length: u32::from_le_bytes(header[36..40].try_into().unwrap()),
            payload: bytes[place.payload.clone()].to_vec(),
        }
    };
    let (mut first, mut second) = (section(&places[0]), section(&places[1]));
    let records: Vec<u8> = (0..30).map(record).collect::<String>().into_bytes();
    let base = Batch {
        rows: vec![forge::Row::of(base().bytes().len())],
        groups: vec![base().bytes().to_vec()],
        ..Batch::default()
    };
    let file = Batch::of_files(&[("all.json", &records)]);
    edit(&mut first, &mut second);
    let entry = |batch: &Batch| Section::stored(ENTRY, &batch.table().bytes());
    forge::Archive::of(&[entry(&base), first, entry(&file), second]).bytes()
}

#[test]
fn forged_given_bases_are_refused() {
    let kind = |bytes: &[u8], bases: GivenBases| {
        let archive = match Archive::open(bytes, &Limits::default()) {
            Ok(archive) => archive.with_bases(bases.clone()),
            Err(error) => return Some(error.kind()),
        };
        let read = archive.read("all.json").err().map(|error| error.kind());
        let piped = verify_stream(bytes, 1, &bases, &Limits::default(), &CONTROL).unwrap();
        assert_eq!(piped.failures.is_empty(), read.is_none());
        assert_eq!(archive.verify(1, &CONTROL).unwrap().failures.is_empty(), read.is_none());
        read
    };
    assert_eq!(kind(&forged(|_, _| {}), given()), None);
    assert_eq!(kind(&forged(|_, _| {}), GivenBases::default()), Some(ErrorKind::Unsupported));
    let filter = forged(|base, group| (base.filter, group.filter) = (1, 1));
    assert_eq!(kind(&filter, given()), Some(ErrorKind::Integrity));
    let based = forged(|base, _| (base.base_kind, base.base) = (2, 0x0403_0201));
    assert_eq!(kind(&based, given()), Some(ErrorKind::Integrity));
    let alone = forged(|base, _| (base.flags, base.capacity) = (0, 0));
    assert_eq!(kind(&alone, given()), Some(ErrorKind::Integrity));
    // The digest of other bytes that the reader has, which have another length, or the same.
    let shorter = GivenBase::new(&base().bytes()[1..]).unwrap();
    let mut changed = base().bytes().to_vec();
    changed[5] ^= 1;
    let changed = GivenBase::new(changed).unwrap();
    for other in [shorter, changed] {
        let bytes = forged(|base, _| base.payload = other.digest().to_vec());
        assert_eq!(kind(&bytes, GivenBases::from_iter([other])), Some(ErrorKind::Integrity));
    }
    // Models and filters that there are none of.
    let model = forged(|base, group| (base.model, group.model) = (999, 999));
    assert_eq!(kind(&model, given()), Some(ErrorKind::Unsupported));
}

#[test]
fn memory_for_a_given_base_is_bounded_before_it_is_learnt() {
    let files = files();
    let bytes = pack(&files, &options(true, 5));
    let limits = Limits { memory: 2 << 20, ..Limits::default() };
    let archive = Archive::open(&bytes[..], &limits).unwrap().with_bases(given());
    let refused = archive.read("r/001.json").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit, "{refused}");
    let piped = verify_stream(&bytes[..], 1, &given(), &limits, &CONTROL);
    assert!(piped.is_err_and(|error| error.kind() == ErrorKind::Limit));
}

#[test]
fn a_damaged_digest_of_a_base_does_no_harm_if_the_base_is_there() {
    let files = files();
    let mut bytes = pack(&files, &options(true, 1));
    let place = forge::groups(&bytes).remove(0);
    bytes[place.payload.start + 3] ^= 0x40;
    let archive = open(&bytes).with_bases(given());
    assert!(archive.read("r/007.json").unwrap() == files["r/007.json"]);
    let other = GivenBase::new(vec![b'x'; base().bytes().len()]).unwrap();
    let archive = open(&bytes).with_bases(GivenBases::from_iter([other]));
    assert_eq!(archive.read("r/007.json").unwrap_err().kind(), ErrorKind::Integrity);
}
