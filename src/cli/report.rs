//! Messages for people: errors, warnings and notes on stderr, data on stdout.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use super::args::{Global, When};

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

/// The destination of messages. Threads share it; a message is one line and is never
/// interleaved.
#[derive(Debug)]
pub struct Report {
    quiet: bool,
    verbose: bool,
    color: bool,
    /// The progress bar, which must make room for lines.
    bar: Mutex<Option<indicatif::ProgressBar>>,
}

impl Report {
    /// Applies the global options and the environment.
    pub fn new(global: Global) -> Report {
        Report {
            quiet: global.quiet,
            verbose: global.verbose,
            color: colors(global.color, io::stderr().is_terminal()),
            bar: Mutex::default(),
        }
    }

    /// Reports something that ends the run, or makes it fail.
    pub fn error(&self, message: impl std::fmt::Display) {
        self.line("error", RED, message);
    }

    /// Reports something that was left out or could not be kept.
    pub fn warning(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            self.line("warning", YELLOW, message);
        }
    }

    /// Reports something worth knowing that is not wrong.
    pub fn note(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            self.print(&format!("pear-archive: {message}"));
        }
    }

    /// Reports what was done, if somebody watches: on a terminal, or with `--verbose`.
    pub fn summary(&self, message: impl std::fmt::Display) {
        if self.verbose || self.shows_progress() {
            self.print(&format!("pear-archive: {message}"));
        }
    }

    /// Reports something that only `--verbose` shows.
    pub fn detail(&self, message: impl FnOnce() -> String) {
        if self.verbose {
            self.print(&message());
        }
    }

    /// Returns whether a progress bar is wanted: on a terminal, and not with `--quiet`.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints messages above a progress bar, until called with `None`.
    pub fn set_bar(&self, bar: Option<indicatif::ProgressBar>) {
        *self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = bar;
    }

    fn line(&self, label: &str, color: &str, message: impl std::fmt::Display) {
        let (on, off) = if self.color { (color, PLAIN) } else { ("", "") };
        self.print(&format!("pear-archive: {on}{label}:{off} {message}"));
    }

    /// Prints a line; a closed stderr is no reason to stop.
    fn print(&self, line: &str) {
        let write = || {
            let _ = writeln!(io::stderr().lock(), "{line}");
        };
        match &*self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Returns whether to use colour on a stream (<https://no-color.org>).
pub fn colors(when: When, terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}
