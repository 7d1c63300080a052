//! Handling of what the system refuses at any moment: memory and threads.

use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::exit::Exit;
use crate::tree::abandon_all;

/// Ends the run if memory is refused: reports it, removes unfinished files, and exits.
/// It may itself be refused memory, and may run on several threads.
pub fn out_of_memory(bytes: u64) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    thread_local! {
        static HERE: Cell<bool> = const { Cell::new(false) };
    }
    let leave = || signal_hook::low_level::exit(i32::from(Exit::Failure as u8));
    if HERE.replace(true) {
        leave();
    }
    if ENDING.swap(true, Ordering::Relaxed) {
        // Another thread is ending the process already.
        thread::sleep(Duration::from_secs(5));
        leave();
    }
    // Allocates nothing: stderr has no buffer, and the number is written piece by
    // piece.
    let _ = writeln!(
        std::io::stderr().lock(),
        "pear-archive: error: not enough memory: the system refused {} KiB more; \
         run fewer jobs at once (-j 1) or raise the limit (ulimit -v)",
        bytes.div_ceil(1024)
    );
    abandon_all();
    leave()
}

/// Returns whether a library that panics without a thread may start one.
pub fn may_start_a_thread() -> bool {
    thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())
}
