//! Panics of other crates on data that they do not expect: caught, and not printed.

use super::refusal::Refused;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// Whether a panic of this thread is caught.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` of a crate that may panic on data it does not expect; `None` if it does.
/// What `work` changes must not be used then. Memory that was refused is no such panic.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = CAUGHT.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    match done {
        Err(payload) if payload.is::<Refused>() => panic::resume_unwind(payload),
        done => done.ok(),
    }
}

/// Prints no panic that is caught; all others as before. For programs, at their start.
pub fn print_no_caught() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !CAUGHT.get() {
            print(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_next_one_is_seen() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| -> u8 { panic!("this panic is caught") }), None);
        assert!(!CAUGHT.get());
        assert_eq!(caught(|| caught(|| -> u8 { panic!("and this one") })), Some(None));
    }
}
