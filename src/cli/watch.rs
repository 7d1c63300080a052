//! Progress and warnings of an operation, and their effect on the exit code.

use indicatif::{ProgressBar, ProgressStyle};
use std::cell::{Cell, RefCell};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::exit::Exit;
use super::report::Report;
use super::shortage::may_start_a_thread;
use crate::archive::{ArchiveError, Control, ErrorKind, Event, Events};
use crate::container::ContainerError;
use crate::tree::{TreeError, printable};

/// Throughput, ratio and time left; the message is the ratio. The spinner shows that
/// work goes on, because a group can take longer than people watch a bar.
const STYLE: &str =
    "{spinner} {wide_bar} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}{msg}  {eta} left";

/// Time between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(150);

/// A converter of events into messages, which remembers the worst of them.
#[derive(Debug)]
pub struct Watch<'a> {
    report: &'a Report,
    /// Name of the archive that is read, empty if one is written.
    archive: &'a str,
    cancel: &'a AtomicBool,
    worst: Cell<Exit>,
    bar: RefCell<Option<ProgressBar>>,
    /// Bytes done: of data, and in the archive.
    done: Cell<(u64, u64)>,
}

impl<'a> Watch<'a> {
    /// Starts without events.
    pub fn new(report: &'a Report, archive: &'a str, cancel: &'a AtomicBool) -> Watch<'a> {
        let (bar, done) = Default::default();
        Watch { report, archive, cancel, worst: Cell::new(Exit::Fine), bar, done }
    }

    /// Returns what an operation needs to be followed and stopped.
    pub fn control(&'a self) -> Control<'a> {
        Control { events: self, cancel: self.cancel }
    }

    /// Returns the exit code after an operation that came to its end.
    pub fn exit(&self) -> Exit {
        self.clear();
        self.worst.get()
    }

    fn warning(&self, error: &ArchiveError) {
        if self.cancel.load(Ordering::Relaxed) {
            return; // entries skipped by an interrupt are not reported
        }
        let exit = exit_of_warning(error);
        if let ArchiveError::Tree(TreeError::NotSet { entries, .. }) = error
            && let [_, more @ ..] = &entries[..]
        {
            for (path, property) in more {
                let path = printable(path.as_os_str().as_bytes());
                self.report.detail(|| format!("{path}: cannot set the {property}"));
            }
        }
        let message = about(self.archive, error);
        match exit {
            // Reported with --quiet too: the archive is not what it seems to be.
            _ if matches!(error, ArchiveError::Container(ContainerError::Behind { .. })) => {
                self.report.error(message);
            }
            Exit::Warnings => self.report.warning(message),
            _ => self.report.error(message),
        }
        self.worst.set(self.worst.get().max(exit));
    }

    /// Shows that something is running before its length is known.
    pub fn begin(&self, what: &'static str) {
        if self.report.shows_progress() {
            self.show(ProgressBar::new_spinner().with_message(what));
        }
    }

    fn total(&self, bytes: u64) {
        if self.report.shows_progress() {
            self.clear();
            let style = ProgressStyle::with_template(STYLE).expect("the template is valid");
            self.show(ProgressBar::new(bytes).with_style(style.progress_chars("━╸─")));
        }
    }

    fn show(&self, bar: ProgressBar) {
        // If it has no thread, the spinner does not move.
        if may_start_a_thread() {
            bar.enable_steady_tick(TICK);
        }
        self.report.set_bar(Some(bar.clone()));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn progress(&self, bytes: u64, stored: u64) {
        let (before, stored_before) = self.done.get();
        let (bytes, stored) = (before + bytes, stored_before + stored);
        self.done.set((bytes, stored));
        if let Some(bar) = &*self.bar.borrow() {
            bar.set_position(bytes);
            bar.set_message(format!("  ratio {:.2}", bytes as f64 / stored.max(1) as f64));
        }
    }

    /// Removes the bar from the screen.
    fn clear(&self) {
        self.report.set_bar(None);
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Events for Watch<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Total { bytes, .. } => self.total(bytes),
            Event::Progress { bytes, stored } => self.progress(bytes, stored),
            Event::Entry { path } => self.report.detail(|| printable(path)),
            Event::Removed { path } => {
                let path = printable(path.as_os_str().as_bytes());
                self.report.detail(|| format!("{path}: removed to make room for a directory"));
            }
            Event::Lost { path, .. } => self.report.detail(|| format!("{}: lost", printable(path))),
            Event::Warning(error) => self.warning(error),
            Event::Note(error) => self.report.note(about(self.archive, error)),
            Event::Counted { path, what } => {
                self.report.detail(|| format!("{}: {what}", printable(path)));
            }
        }
    }
}

/// Returns the message of an error, preceded by the name of the archive unless it names
/// a file itself.
pub fn about(archive: &str, error: &ArchiveError) -> String {
    match error {
        ArchiveError::Tree(_)
        | ArchiveError::Io { .. }
        | ArchiveError::Volume { .. }
        | ArchiveError::Refused { .. }
        | ArchiveError::Incomplete { .. }
        | ArchiveError::Interrupted => error.to_string(),
        _ if archive.is_empty() => error.to_string(),
        _ => format!("{archive}: {error}"),
    }
}

/// Returns the exit code for a failure of one entry or group.
fn exit_of_warning(error: &ArchiveError) -> Exit {
    match error {
        // Something requested by name does not exist, which is more than a warning.
        ArchiveError::NotFound { .. } | ArchiveError::NotAFile { .. } => Exit::Failure,
        _ => match error.kind() {
            ErrorKind::Environment => Exit::Warnings,
            kind => exit_of(kind),
        },
    }
}

/// Returns the exit code for a failure that ends the run.
pub fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Environment | ErrorKind::Limit => Exit::Failure,
        ErrorKind::Integrity => Exit::Integrity,
        ErrorKind::Unsafe => Exit::Unsafe,
        ErrorKind::Unsupported => Exit::Unsupported,
        ErrorKind::Interrupted => Exit::Interrupted,
    }
}
