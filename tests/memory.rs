//! `--memory` bounds all memory, as measured by the allocator: an operation stays within
//! the limit, or the archive is refused.
#![allow(unsafe_code)]

#[path = "support/forge/mod.rs"]
mod forge;

use forge::{Batch, Item, Row, Section, Step};
use pear_archive::archive::{ErrorKind, extract_stream, list_stream, verify_stream};
use pear_archive::entry::Kind;
use pear_archive::options::{
    Choice, Codec, CodecOptions, CreateOptions, ExtractOptions, GivenBases, Limits,
};
use pear_archive::{Archive, ArchiveError, Builder, Control, Entry};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, PoisonError};
use tempfile::TempDir;

/// An allocator that records the peak of allocated bytes.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static HEIGHT: AtomicUsize = AtomicUsize::new(0);
/// The counters are global to the process, so tests run one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn took(bytes: usize) {
    HEIGHT.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every method hands its arguments to the system's allocator and gives back what
// that gives.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes of buffers with a fixed size, which are not charged.
const BUFFERS: u64 = 3 << 20;

/// Runs `work`, and returns its result with the peak of allocated bytes.
fn height<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.load(Relaxed);
    HEIGHT.store(before, Relaxed);
    let result = work();
    (result, (HEIGHT.load(Relaxed) - before) as u64)
}

/// Makes an archive of a few kilobytes whose tables take megabytes: files that share a
/// content over many groups, names, links and directories with attributes.
fn unfolding() -> Vec<u8> {
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let options = CreateOptions { codec, group_size: 40, jobs: 1, ..CreateOptions::default() };
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options);
    let content: Vec<u8> = (0..12_000u32).map(|number| ((number * number) >> 7) as u8).collect();
    for number in 0..1500 {
        builder.append_data(&format!("shared/by/many/{number:05}")[..], &content).unwrap();
    }
    for number in 0..6000 {
        let mut directory = Entry::directory(format!("directories with long names/{number:070}"));
        directory.metadata.xattrs = vec![(b"user.note".to_vec(), vec![b'x'; 200])];
        builder.append_entry(directory).unwrap();
        let kind = Kind::HardLink { target: b"shared/by/many/00000".to_vec() };
        builder.append_entry(Entry { kind, ..Entry::file(format!("links/{number}")) }).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

/// The archive, made once.
static ARCHIVE: LazyLock<Vec<u8>> = LazyLock::new(unfolding);

/// Makes something to measure with, while no other test measures.
fn made<T>(make: impl FnOnce() -> T) -> T {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    make()
}

/// A directory that costs no disk, if there is one.
fn place() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

type Operation = fn(&[u8], &Limits) -> Result<(), ArchiveError>;

fn limited(memory: u64) -> Limits {
    Limits { memory, ..Limits::default() }
}

/// Checks that with any memory an operation stays within it or is refused, and that it is
/// not refused with four times the memory it needs.
fn check(name: &str, bytes: &[u8], operation: Operation) {
    let needed = check_from(name, bytes, 0, operation);
    assert!(needed > 5 << 20, "{name} takes only {needed}");
}

/// As [`check`], of an operation that may be cheap: memory below `least` counts as that.
/// Returns the memory that the operation needs.
fn check_from(name: &str, bytes: &[u8], least: u64, operation: Operation) -> u64 {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (done, needed) = height(|| operation(bytes, &limited(1 << 40)));
    done.unwrap();
    let needed = needed.max(least);
    for quarters in [1, 2, 3, 4, 5, 6, 8, 16] {
        let memory = needed * quarters / 4;
        match height(|| operation(bytes, &limited(memory))) {
            (Ok(()), took) => {
                assert!(took <= memory + BUFFERS, "{name}: {took} of {memory} bytes");
            }
            (Err(error), _) => {
                assert!(quarters < 16, "{name}: {memory} bytes are refused, {needed} are needed");
                assert_eq!(error.kind(), ErrorKind::Limit, "{name}: {error}");
            }
        }
    }
    needed
}

fn whole(failures: &std::collections::HashMap<ErrorKind, u64>) -> Result<(), ArchiveError> {
    assert!(failures.is_empty(), "{failures:?}");
    Ok(())
}

#[test]
fn opening_and_listing_stay_within_the_memory_allowed() {
    let bytes = made(|| &ARCHIVE[..]);
    check("open", bytes, |bytes, limits| Archive::open(bytes, limits).map(drop));
    check("list from a pipe", bytes, |bytes, limits| {
        list_stream(bytes, limits, &Control::default()).map(drop)
    });
    let cut = bytes.len() - 200;
    check("salvage", &bytes[..cut], |bytes, limits| {
        Archive::open_any(bytes, limits, &Control::default()).map(drop)
    });
}

#[test]
fn verifying_stays_within_the_memory_allowed() {
    let bytes = made(|| &ARCHIVE[..]);
    check("verify", bytes, |bytes, limits| {
        whole(&Archive::open(bytes, limits)?.verify(1, &Control::default())?.failures)
    });
    check("verify from a pipe", bytes, |bytes, limits| {
        whole(
            &verify_stream(bytes, 1, &GivenBases::default(), limits, &Control::default())?.failures,
        )
    });
}

#[test]
fn extracting_stays_within_the_memory_allowed() {
    let bytes = made(|| &ARCHIVE[..]);
    check("extract", bytes, |bytes, limits| {
        let (to, options) = (place(), ExtractOptions::default());
        let options = ExtractOptions { jobs: 1, ..options };
        let archive = Archive::open(bytes, limits)?;
        archive.extract(to.path(), &options, &Control::default()).map(drop)
    });
    check("extract from a pipe", bytes, |bytes, limits| {
        let (to, options) = (place(), ExtractOptions::default());
        let options = ExtractOptions { jobs: 1, ..options };
        extract_stream(bytes, to.path(), &options, limits, &Control::default()).map(drop)
    });
}

/// Makes packed files.
fn packed_files() -> Vec<Vec<u8>> {
    let packed = |seed: u32| {
        let plain: Vec<u8> = (0..800_000u32)
            .map(|number| (number.wrapping_mul(number + seed) >> 11) as u8 % 9)
            .collect();
        let level = bzip2::Compression::new(9);
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
        std::io::Write::write_all(&mut encoder, &plain).unwrap();
        encoder.finish().unwrap()
    };
    (0..4).map(packed).collect()
}

/// Makes an archive of packed files that were taken apart.
fn packed() -> Vec<u8> {
    let mut bytes = Vec::new();
    pack(&packed_files(), 1 << 30, &mut bytes).unwrap();
    assert_eq!(Archive::open(&bytes[..], &Limits::default()).unwrap().recipes().contents, 4);
    bytes
}

fn pack(files: &[Vec<u8>], memory: u64, to: impl std::io::Write) -> Result<(), ArchiveError> {
    let codec = CodecOptions { choice: Choice::Only(Codec::Zstd), ..CodecOptions::default() };
    let group_size = 1 << 20;
    let options = CreateOptions { codec, group_size, jobs: 1, memory, ..CreateOptions::default() };
    let mut builder = Builder::new(to).options(options);
    for (number, file) in files.iter().enumerate() {
        builder.append_data(&format!("{number}.bz2")[..], file).unwrap();
    }
    builder.finish().map(drop)
}

#[test]
fn taking_files_apart_stays_within_the_memory_allowed() {
    let files = made(packed_files);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut done = Vec::new();
    for mebibytes in [4, 20, 40, 80, 160, 320] {
        let (result, took) = height(|| pack(&files, mebibytes << 20, std::io::sink()));
        match result {
            Ok(()) => assert!(took <= (mebibytes << 20) + BUFFERS, "{took} of {mebibytes} MiB"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Limit, "{error}"),
        }
        done.push(took);
    }
    assert!(done[5] > 10 << 20, "the last was not refused: {done:?}");
}

#[test]
fn making_files_stays_within_the_memory_allowed() {
    let bytes = made(packed);
    check("verify files that are made", &bytes, |bytes, limits| {
        whole(&Archive::open(bytes, limits)?.verify(1, &Control::default())?.failures)
    });
    check("read a file that is made", &bytes, |bytes, limits| {
        Archive::open(bytes, limits)?.read("2.bz2").map(drop)
    });
    // From a pipe a file that needs too much is reported alone.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (memory, fails) in [(8 << 20, true), (40 << 20, false)] {
        let limits = limited(memory);
        let (done, took) = height(|| {
            verify_stream(&bytes[..], 1, &GivenBases::default(), &limits, &Control::default())
        });
        assert!(took <= memory + BUFFERS, "{took} of {memory} bytes");
        let failed = done.map_or(1, |done| done.failed(ErrorKind::Limit));
        assert_eq!(failed > 0, fails, "{memory}");
    }
}

/// Makes an archive of a picture and a sound of 400,000 bytes each.
fn media() -> Vec<u8> {
    let noise = |number: u32| number.wrapping_mul(2_654_435_761).wrapping_mul(number ^ 77) >> 29;
    let smooth = |at: u32| (at % 999 / 6 + at / 999 / 2 + at % 3 * 40 + noise(at)) as u8;
    let pixels: Vec<u8> = (0..399_600).map(smooth).collect();
    let picture = [&b"P6 333 400 255\n"[..], &pixels].concat();
    let mut sound = b"RIFF\xA4\x1A\x06\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xAC\0\0".to_vec();
    sound.extend(b"\x10\xB1\x02\0\x04\0\x10\0data\x80\x1A\x06\0");
    let mut past = [0i32; 2];
    for number in 0..200_000u32 {
        let noise = (number.wrapping_mul(number + 77) >> 18) as i32 % 256;
        let next = ((225 * past[0] - 117 * past[1]) / 128 + noise - 128).clamp(-30_000, 30_000);
        past = [next, past[0]];
        sound.extend((next as i16).to_le_bytes());
    }
    let mut bytes = Vec::new();
    let options = CreateOptions { jobs: 1, ..CreateOptions::default() };
    let mut builder = Builder::new(&mut bytes).options(options);
    builder.append_data("a.ppm", picture).unwrap();
    builder.append_data("b.wav", sound).unwrap();
    builder.finish().unwrap();
    bytes
}

#[test]
fn pictures_and_sounds_are_decoded_in_the_memory_that_is_stated() {
    let bytes = made(media);
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let codecs: Vec<u8> = archive.groups().map(|group| group.coding.codec).collect();
    assert!(codecs.contains(&7) && codecs.contains(&8), "image and audio: {codecs:?}");
    for (name, number) in [("a.ppm", 7), ("b.wav", 8)] {
        let group = archive.groups().find(|group| group.coding.codec == number).unwrap();
        let stated = group.decode_memory.unwrap();
        let (content, took) = height(|| archive.read(name).unwrap());
        assert!(took <= stated + content.len() as u64 + BUFFERS, "{name}: {took} of {stated}");
        // Large tables do not come from the allocator: they are charged before.
        let read = |memory| Archive::open(&bytes[..], &limited(memory)).unwrap().read(name);
        assert_eq!(read(stated - 1).unwrap_err().kind(), ErrorKind::Limit, "{name}");
        assert!(read(stated + content.len() as u64 + BUFFERS).unwrap() == content, "{name}");
    }
}

/// Returns archives of which a few kilobytes of tables stand for megabytes.
fn forged() -> Vec<(&'static str, Vec<u8>)> {
    let item = |path: String| Item::new(path, forge::Kind::Fifo);
    let longer = (0..2000).map(|number| item("directory".repeat(number + 1)));
    let mut shared =
        Batch::of_items((0..4000).map(|number| item(format!("{number:05}"))).collect());
    shared.items.iter_mut().for_each(|item| item.set = vec![(b"user.note", &[b'x'; 4000])]);
    let mut rows = Batch::of_items(vec![item("none".to_owned())]);
    rows.rows = vec![Row::of(0); 200_000];
    let mut holes = Batch::of_files(&[("0", &[b'x'; 20_000])]);
    let segments = (0..20_000).map(|number| (number * 2 + 1, 1)).collect();
    holes.rows[0].map = Some((40_001, segments));
    let file = |number: u64| Item::new(format!("{number:05}"), forge::Kind::File(0));
    holes.items = (0..100).map(file).collect();
    // Each step uses every other byte of a part of the stream.
    let mut recipes = Batch::of_files(&[("0", &[b'x'; 40_000])]);
    let step = |number: u64| {
        let inputs = (0..2000).map(|at| [1, number * 4000 + at * 2, 1]).collect();
        Step { output: 2000, inputs, ..Step::default() }
    };
    recipes.rows.push(Row::made((0..10).map(step).collect(), b"another"));
    let file = |number: u64| Item::new(format!("{number:05}"), forge::Kind::File(1));
    recipes.items = (0..50).map(file).collect();
    let empty = Section::stored(forge::ENTRY, &Batch::default().table().bytes());
    let of = |batch: Batch| {
        let all = forge::sections(&[batch]).into_iter();
        let framed = |one: Section| if one.kind == forge::ENTRY { one.shortest() } else { one };
        forge::Archive::of(&all.map(framed).collect::<Vec<_>>()).bytes()
    };
    vec![
        ("paths that share", of(Batch::of_items(longer.collect()))),
        ("attributes that are shared", of(shared)),
        ("rows of no bytes", of(rows)),
        ("holes that are shared", of(holes)),
        ("recipes that are shared", of(recipes)),
        ("sections of nothing", forge::Archive::of(&vec![empty; 20_000]).bytes()),
    ]
}

#[test]
fn tables_that_unfold_stay_within_the_memory_allowed() {
    for (name, bytes) in made(forged) {
        let least = 4 << 20;
        check_from(&format!("open: {name}"), &bytes, least, |bytes, limits| {
            Archive::open(bytes, limits).map(drop)
        });
        check_from(&format!("list: {name}"), &bytes, least, |bytes, limits| {
            list_stream(bytes, limits, &Control::default()).map(drop)
        });
        let cut = &bytes[..bytes.len() - forge::FOOTER];
        check_from(&format!("salvage: {name}"), cut, least, |bytes, limits| {
            Archive::open_any(bytes, limits, &Control::default()).map(drop)
        });
    }
}
