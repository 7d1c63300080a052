//! Arguments of the commands that make the program at home in a system.

use clap::{Args, ValueHint};
use std::path::PathBuf;

const COMPLETIONS_HELP: &str = concat!(
    "\
Examples:
  pear-archive completions bash > ~/.local/share/bash-completion/completions/pear-archive
  pear-archive completions fish > ~/.config/fish/completions/pear-archive.fish
  pear-archive completions zsh > \"${fpath[1]}/_pear-archive\"",
    exit_status!()
);

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

const MAN_HELP: &str = concat!(
    "\
Examples:
  pear-archive man | man -l -
  pear-archive man create | man -l -",
    exit_status!()
);

/// Print a manual page.
#[derive(Debug, Args)]
#[command(after_help = MAN_HELP)]
pub struct Man {
    /// Command the page is about [default: the program]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Write completions/ and man/, as they are checked in.
#[derive(Debug, Args)]
pub struct Generate {
    /// Directory to write them into
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}
