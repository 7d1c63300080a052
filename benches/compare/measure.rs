//! One program on one input: packed, unpacked, compared.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::programs::{Packs, Program};

/// A file or a directory to pack.
pub struct Input {
    /// Its last component, which is shown in the tables.
    pub name: String,
    path: PathBuf,
    /// Bytes of content.
    pub bytes: u64,
    /// For a directory: its tar, for programs that pack one file.
    tar: Option<(TempDir, PathBuf)>,
}

/// Cost of packing or of unpacking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// User seconds of processor time.
    pub seconds: f64,
    /// Peak memory in bytes.
    pub memory: u64,
}

/// Measurement of a program on an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// Bytes of the archive.
    pub size: u64,
    pub create: Cost,
    pub extract: Cost,
}

impl Input {
    pub fn open(path: &Path) -> Result<Input> {
        let path = path.canonicalize().with_context(|| format!("{}", path.display()))?;
        let name = path.file_name().context("an input needs a name")?.to_string_lossy().into();
        let mut bytes = 0;
        for entry in WalkDir::new(&path) {
            let metadata = entry?.metadata()?;
            bytes += if metadata.is_file() { metadata.len() } else { 0 };
        }
        let mut input = Input { name, path, bytes, tar: None };
        if input.path.is_dir() {
            let place = TempDir::new()?;
            let tar = place.path().join("tar");
            let options = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-cf"];
            let made = Command::new("tar")
                .args(options)
                .arg(&tar)
                .arg(input.file_name())
                .current_dir(input.parent())
                .status()?;
            ensure!(made.success(), "tar failed");
            input.tar = Some((place, tar));
        }
        Ok(input)
    }

    fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    fn file_name(&self) -> &Path {
        Path::new(self.path.file_name().expect("checked in open"))
    }

    /// Returns the input as one file.
    fn one_file(&self) -> &Path {
        self.tar.as_ref().map_or(&self.path, |(_, tar)| tar)
    }
}

/// Packs and unpacks `runs` times. Sizes are those of the last run (zpaq stores the
/// time of day), times are medians, memory is the maximum.
pub fn measure(program: &Program, input: &Input, runs: usize) -> Result<Measurement> {
    let rounds = (0..runs).map(|_| round(program, input)).collect::<Result<Vec<_>>>()?;
    let over_rounds = |way: fn(&Measurement) -> Cost| {
        let mut seconds: Vec<_> = rounds.iter().map(|round| way(round).seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let memory = rounds.iter().map(|round| way(round).memory).max().unwrap_or(0);
        Cost { seconds: seconds[runs / 2], memory }
    };
    Ok(Measurement {
        size: rounds[runs - 1].size,
        create: over_rounds(|round| round.create),
        extract: over_rounds(|round| round.extract),
    })
}

/// Packs and unpacks once.
fn round(program: &Program, input: &Input) -> Result<Measurement> {
    let scratch = TempDir::new()?;
    let archive = scratch.path().join(format!("archive.{}", program.tool()));
    let output = scratch.path().join("output");
    fs::create_dir(&output)?;
    let report = scratch.path().join("time");
    let (create, extract) = match program.packs {
        Packs::Trees => (
            run(&program.create(&archive, input.file_name()), input.parent(), None, &report)?,
            run(&program.extract(&archive), &output, None, &report)?,
        ),
        Packs::OneFile => (
            run(&program.create(&archive, input.one_file()), &output, Some(&archive), &report)?,
            run(&program.extract(&archive), &output, Some(&output.join("file")), &report)?,
        ),
    };
    match program.packs {
        Packs::Trees => compare(&input.path, &output.join(input.file_name()))?,
        Packs::OneFile => compare(input.one_file(), &output.join("file"))?,
    }
    Ok(Measurement { size: fs::metadata(&archive)?.len(), create, extract })
}

/// Runs a command under GNU time, which reports its cost.
fn run(words: &[OsString], directory: &Path, output: Option<&Path>, report: &Path) -> Result<Cost> {
    let stdout = match output {
        Some(path) => File::create(path)?.into(),
        None => Stdio::null(),
    };
    let ended = Command::new("time")
        .args(["-f", "%U %M", "-o"])
        .arg(report)
        .args(words)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .output()
        .context("GNU time is needed (Debian: apt install time)")?;
    let messages = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{words:?} failed: {messages}");
    let report = fs::read_to_string(report)?;
    let (seconds, kibibytes) = report.trim().split_once(' ').context("report of GNU time")?;
    Ok(Cost { seconds: seconds.parse()?, memory: kibibytes.parse::<u64>()? << 10 })
}

fn compare(expected: &Path, found: &Path) -> Result<()> {
    let same =
        Command::new("diff").arg("-rq").args([expected, found]).stdout(Stdio::null()).status()?;
    ensure!(same.success(), "what came out differs from what went in");
    Ok(())
}
