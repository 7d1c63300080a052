//! Where an archive or a tar goes.

use anyhow::{Context, bail};
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::super::config;

/// Where the output of a command goes.
pub enum Target {
    /// A file that appears when it is complete.
    File(PathBuf),
    /// Standard output, a pipe or a device: written to as it is, for nothing
    /// may be put in its place.
    Stream(File),
}

impl Target {
    /// What a path stands for. `what` is to be written there.
    ///
    /// # Errors
    /// If it is a directory or a terminal, or cannot be written to.
    pub fn of(path: &Path, what: &str) -> anyhow::Result<Target> {
        let stream = if config::is_stdio(path) {
            io::stdout().as_fd().try_clone_to_owned().context("standard output")?.into()
        } else {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    bail!("{}: is a directory", config::shown(path))
                }
                Ok(metadata) if !metadata.is_file() => {
                    File::options().write(true).open(path).with_context(|| config::shown(path))?
                }
                _ => return Ok(Target::File(path.to_owned())),
            }
        };
        if stream.is_terminal() {
            bail!("the {what} would go to a terminal: redirect it, or name a file");
        }
        Ok(Target::Stream(stream))
    }
}
