//! The destination of an archive or a tar.

use anyhow::{Context, bail, ensure};
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::super::args::VolumeSize;
use super::super::config;
use crate::archive::{Volumes, Written, is_replaceable};

/// The destination of a command's output.
pub enum Target {
    /// A file that appears when it is complete.
    File(PathBuf),
    /// Standard output, a pipe or a device: written directly, because nothing may be
    /// put in its place.
    Stream(File),
}

impl Target {
    /// Opens the destination of an archive, which may be cut into volumes.
    ///
    /// # Errors
    /// As [`Target::of`]; if there are to be volumes and it is no file.
    pub fn archive(path: &Path, volumes: &VolumeSize, force: bool) -> anyhow::Result<Target> {
        if volumes.volume_size.is_none() {
            return Target::of(path, Written::Archive, force);
        }
        let written = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if config::is_stdio(path) || written {
            let shown = match config::is_stdio(path) {
                true => "standard output".to_owned(),
                false => config::shown(path),
            };
            bail!("{shown}: cannot be cut into volumes: name a file, or leave out --volume-size");
        }
        if let Some(first) = Volumes::first_of(path).filter(|_| !force) {
            refuse_other(&first, Written::Archive)?;
        }
        Ok(Target::File(path.to_owned()))
    }

    /// Opens the destination at a path.
    ///
    /// # Errors
    /// If it is a directory or a terminal, or cannot be written to; without `force`
    /// also if it is a file of another kind than the output.
    pub fn of(path: &Path, written: Written, force: bool) -> anyhow::Result<Target> {
        let stream = if config::is_stdio(path) {
            super::ensure_stdout()?;
            io::stdout().as_fd().try_clone_to_owned().context("standard output")?.into()
        } else {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    bail!("{}: is a directory", config::shown(path))
                }
                Ok(metadata) if !metadata.is_file() => {
                    File::options().write(true).open(path).with_context(|| config::shown(path))?
                }
                Ok(_) if !force => {
                    refuse_other(path, written)?;
                    return Ok(Target::File(path.to_owned()));
                }
                _ => return Ok(Target::File(path.to_owned())),
            }
        };
        if stream.is_terminal() {
            let what = match written {
                Written::Archive => "archive",
                Written::Tar => "tar",
                Written::Base => "base",
            };
            bail!("cannot write the {what} to a terminal: redirect standard output or name a file");
        }
        Ok(Target::Stream(stream))
    }
}

/// Refuses to replace a file of another kind than the output: most likely the arguments
/// are in the wrong order.
fn refuse_other(path: &Path, written: Written) -> anyhow::Result<()> {
    let shown = config::shown(path);
    let replaceable = is_replaceable(path, written).with_context(|| {
        format!("{shown}: exists, but cannot be read to see what it is (use --force to replace it)")
    })?;
    let (what, advice) = match written {
        Written::Archive => ("a pear archive", "name the archive first"),
        Written::Tar => ("a tar", "name another file"),
        Written::Base => ("empty", "name another file"),
    };
    ensure!(replaceable, "{shown}: exists and is not {what}: {advice}, or use --force");
    Ok(())
}
