//! Whether standard output was closed when the process started.
//!
//! Rust's runtime opens /dev/null in the place of closed standard streams before
//! `main`, so that no file opened later gets their numbers. After that, a closed output
//! cannot be told from one that goes to /dev/null, which is not an error: many parent
//! processes open both for reading and writing. So the check runs before the runtime.

use rustix::io::fcntl_getfd;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

static STDOUT_CLOSED: AtomicBool = AtomicBool::new(false);

/// Returns whether standard output was closed when the process started. Always `false`
/// on systems other than Linux.
pub fn stdout_was_closed() -> bool {
    STDOUT_CLOSED.load(Ordering::Relaxed)
}

extern "C" fn look() {
    // SAFETY: the number is not -1. It may be of no file, which is what is asked: one
    // system call looks at it and answers EBADF. No other code of the process runs yet
    // that could open or close it meanwhile.
    let stdout = unsafe { BorrowedFd::borrow_raw(1) };
    let closed = fcntl_getfd(stdout).is_err();
    STDOUT_CLOSED.store(closed, Ordering::Relaxed);
}

/// Called by the C library before `main` of the process, and so before the runtime.
// SAFETY: entries of this section are pointers to functions that the C library calls
// once, on the first thread, when its own set-up is done. It passes arguments that a
// C function without parameters ignores. `look` makes one system call and stores into
// an atomic: it needs nothing of Rust's runtime, and does not panic.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look;
