//! Any bytes are a tar or an error; an imported archive is sound, and stays the same
//! after export and import.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pear_archive::archive::{
    Archive, Control, CreateOptions, ExportOptions, ImportOptions, Limits, Silent, Tar,
    import_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use std::path::Path;
use std::sync::atomic::AtomicBool;

fuzz_target!(|bytes: &[u8]| {
    let go_on = AtomicBool::new(false);
    let control = Control { events: &Silent, cancel: &go_on };
    // Holes are exported as holes, so a few bytes may stand for a large file.
    let limits = Limits { output_bytes: 1 << 24, ..Limits::default() };
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    let create = CreateOptions { codec, jobs: 1, ..CreateOptions::default() };
    let options = ImportOptions { create, strip_unsafe: false };
    let import = |tar: &[u8]| {
        let mut archive = Vec::new();
        let tar = Tar::spool(tar, Path::new("tar"), &std::env::temp_dir(), &limits, &control).ok()?;
        import_stream(&mut archive, &tar, &limits, &options, &control).ok()?;
        Some(archive)
    };
    let Some(archive) = import(bytes) else { return };
    let opened = Archive::open(&archive[..], &limits).expect("what is written is sound");
    let mut tar = Vec::new();
    let jobs = ExportOptions { jobs: 1, ..ExportOptions::default() };
    if opened.export_stream(&mut tar, &jobs, &control).is_ok() {
        let again = import(&tar).expect("what is exported can be imported");
        let again = Archive::open(&again[..], &limits).expect("what is written is sound");
        assert_eq!(again.entries().len(), opened.entries().len());
    }
});
