//! The programs compared, and their command lines.

use std::env;
use std::ffi::OsString;
use std::path::Path;

/// What a program can pack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packs {
    /// Files and directories by name, in the current directory; unpacks there.
    Trees,
    /// One file, to standard output; unpacks to standard output.
    OneFile,
}

/// One program with its options.
pub struct Program {
    /// Its name in the tables; begins with the tool's name.
    pub label: String,
    pub packs: Packs,
    /// Command lines; `{archive}` and `{input}` are replaced.
    create: String,
    extract: String,
}

/// Group size that holds any input here in one group, if that is not the default.
const ONE_GROUP: &str = "--group-size 64MiB";

/// Returns our levels, and the default level with groups of the default size.
pub fn ours(levels: &[u8]) -> Vec<Program> {
    let pear = |label, options: &str| Program {
        label,
        packs: Packs::Trees,
        create: format!("pear create -q -j1 {options} {{archive}} {{input}}"),
        extract: "pear extract -q -j1 --here {archive}".into(),
    };
    let mut programs: Vec<_> = levels
        .iter()
        .map(|level| pear(format!("pear --level {level}"), &format!("--level {level} {ONE_GROUP}")))
        .collect();
    if !levels.is_empty() {
        programs.push(pear("pear (defaults)".into(), ""));
    }
    programs
}

/// Returns the other programs, each at its strongest common setting.
#[rustfmt::skip]
pub fn peers() -> Vec<Program> {
    use Packs::{OneFile, Trees};
    [
        (Trees, YARDSTICK, "zpaq add {archive} {input} -m5 -t1", "zpaq extract {archive} -t1"),
        (Trees, "zpaq -m4", "zpaq add {archive} {input} -m4 -t1", "zpaq extract {archive} -t1"),
        (Trees, "7z PPMd -mx=9", "7z a -m0=PPMd -mx=9 -mmt=1 {archive} {input}", "7z x -mmt=1 {archive}"),
        (Trees, "7z LZMA2 -mx=9", "7z a -m0=LZMA2 -mx=9 -mmt=1 {archive} {input}", "7z x -mmt=1 {archive}"),
        (OneFile, "bzip3 -b 64", "bzip3 -e -b 64 -c {input}", "bzip3 -d -c {archive}"),
        (OneFile, "xz -9e", "xz -9e -T1 -c {input}", "xz -d -T1 -c {archive}"),
        (OneFile, "brotli -q 11", "brotli -q 11 --large_window=27 -c {input}", "brotli -d -c {archive}"),
        (OneFile, "zstd -19", "zstd -q -19 -T1 -c {input}", "zstd -q -d -c {archive}"),
    ]
    .map(|(packs, label, create, extract)| Program {
        label: label.into(),
        packs,
        create: create.into(),
        extract: extract.into(),
    })
    .into()
}

/// The program that the others are compared with.
pub const YARDSTICK: &str = "zpaq -m5";

impl Program {
    /// Returns the first word of its name: the installed tool, and the archive's
    /// suffix.
    pub fn tool(&self) -> &str {
        self.label.split(' ').next().unwrap_or_default()
    }

    pub fn is_ours(&self) -> bool {
        self.tool() == "pear"
    }

    pub fn is_installed(&self) -> bool {
        self.is_ours() || installed(self.tool()).is_some()
    }

    /// Returns the words that pack `input` into `archive`.
    pub fn create(&self, archive: &Path, input: &Path) -> Vec<OsString> {
        words(&self.create, archive, input)
    }

    /// Returns the words that unpack `archive`.
    pub fn extract(&self, archive: &Path) -> Vec<OsString> {
        words(&self.extract, archive, Path::new(""))
    }
}

/// Returns the name under which a tool is installed: some distributions call 7z `7zz`.
fn installed(tool: &str) -> Option<&str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let exists = |name: &&str| env::split_paths(&path).any(|place| place.join(name).is_file());
    let names = if tool == "7z" { &["7z", "7zz"][..] } else { &[tool] };
    names.iter().copied().find(exists)
}

fn words(line: &str, archive: &Path, input: &Path) -> Vec<OsString> {
    line.split_whitespace()
        .map(|word| match word {
            "pear" => env!("CARGO_BIN_EXE_pear-archive").into(),
            "7z" => installed(word).unwrap_or(word).into(),
            "{archive}" => archive.into(),
            "{input}" => input.into(),
            word => word.into(),
        })
        .collect()
}
