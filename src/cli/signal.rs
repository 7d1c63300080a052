//! Interrupts: work stops at a safe point or, after a moment, wherever it is.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag::{register, register_conditional_shutdown};
use signal_hook::iterator::Signals;
use std::ffi::c_int;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::exit::Exit;
use crate::tree::abandon_all;

/// How long work may continue after an interrupt: a group takes seconds to code, and
/// nobody who pressed Ctrl-C waits for that.
const GRACE: Duration = Duration::from_secs(2);

/// Returns a flag that SIGINT, SIGTERM and SIGHUP set from now on. If the process has
/// not ended after a moment, or at a second signal, unfinished files are removed and
/// the process ends.
///
/// # Errors
/// The error of the system; none in practice.
pub fn cancel_flag() -> io::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    if start_watching(Arc::clone(&cancel)).is_err() {
        // If no thread can be started, a second signal ends the process at once.
        for signal in watched_signals() {
            let status = i32::from(Exit::Interrupted as u8);
            register_conditional_shutdown(signal, status, Arc::clone(&cancel))?;
            register(signal, Arc::clone(&cancel))?;
        }
    }
    Ok(cancel)
}

/// Starts the thread that waits for signals.
fn start_watching(flag: Arc<AtomicBool>) -> io::Result<()> {
    let mut signals = Signals::new(watched_signals())?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if signals.forever().next().is_none() {
            return;
        }
        flag.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        while begun.elapsed() < GRACE && signals.pending().next().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        abandon_all();
        // The terminal may be gone, which must not change how the process ends.
        let _ = writeln!(io::stderr(), "pear-archive: error: interrupted");
        std::process::exit(i32::from(Exit::Interrupted as u8));
    })?;
    Ok(())
}

/// Makes a write beyond the limit of the file size fail with EFBIG, which is reported.
/// Without this, SIGXFSZ would end the process.
///
/// # Errors
/// The error of the system; none in practice.
pub fn survive_file_size_limit() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Returns the signals that end a run, except those that are ignored.
fn watched_signals() -> impl Iterator<Item = c_int> {
    let ignored = ignored_signals();
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(move |signal| !ignored.contains(signal))
}

/// Returns the signals that the parent process had set to be ignored, as `nohup` and
/// shells without job control do; they stay ignored. None if there is no `/proc`.
fn ignored_signals() -> Vec<c_int> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// Returns standard input without a buffer of our own, because one cannot wait for
/// bytes that are in a buffer.
///
/// # Errors
/// If there is none, or it is a terminal, because nobody types an archive.
pub fn archive_from_stdin() -> io::Result<File> {
    if io::stdin().is_terminal() {
        let cause =
            "cannot read an archive from a terminal: redirect standard input or name a file";
        return Err(io::Error::other(cause));
    }
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// A pipe whose reading ends when the flag is set, even if no bytes come. The system
/// restarts a read that a signal interrupted.
#[derive(Debug)]
pub struct Interruptible<'a, R> {
    input: R,
    cancel: &'a AtomicBool,
}

impl<'a, R: Read + AsFd> Interruptible<'a, R> {
    /// Makes a reader of `input` that ends once `cancel` is set.
    pub fn new(input: R, cancel: &'a AtomicBool) -> Interruptible<'a, R> {
        Interruptible { input, cancel }
    }
}

impl<R: Read + AsFd> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wait = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                // ErrorKind::Interrupted would be retried.
                return Err(io::Error::other("interrupted"));
            }
            let ready = match poll(&mut [PollFd::new(&self.input, PollFlags::IN)], Some(&wait)) {
                Err(rustix::io::Errno::INTR) => 0,
                other => other?,
            };
            if ready > 0 {
                return self.input.read(buffer);
            }
        }
    }
}
