//! What happens when the system refuses memory.
//!
//! - Large tables: [`super::memory::Table::new`] unwinds with a [`Refused`], which
//!   [`attempt`] turns into an error value.
//! - Everything else: a program that installs [`Reporting`] as its allocator gets a
//!   call of its handler, see [`when_refused`], and ends in order. Without it Rust
//!   aborts.
//! - [`probe`] asks beforehand whether an amount would be granted.

use core::ptr;
use memmap2::MmapMut;
use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock};

/// The system refused memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system refused {bytes} bytes of memory")]
pub struct Refused {
    /// Bytes requested.
    pub bytes: u64,
}

impl Refused {
    /// Unwinds to the nearest [`attempt`]. No panic hook runs and nothing is printed.
    pub(super) fn unwind(self) -> ! {
        resume_unwind(Box::new(self))
    }
}

/// Runs `work` and returns the refusal that ended it, if there was one. Panics pass
/// through.
///
/// # Errors
/// [`Refused`] if a table could not be allocated.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, Refused> {
    // Everything that a refusal unwinds through is dropped, not used again.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<Refused>() {
        Ok(refused) => *refused,
        Err(other) => resume_unwind(other),
    })
}

/// Asks the system whether it would grant `bytes` more now: maps them and returns them
/// untouched. Cost: two system calls. Another thread may take them meanwhile.
///
/// # Errors
/// [`Refused`] if the system would not.
pub fn probe(bytes: u64) -> Result<(), Refused> {
    if bytes == 0 {
        return Ok(());
    }
    let refused = Refused { bytes };
    let length = usize::try_from(bytes).map_err(|_| refused)?;
    MmapMut::map_anon(length).map(drop).map_err(|_| refused)
}

/// A handler that ends the process; its argument is the number of bytes refused. It
/// runs on the thread that requested them and may allocate a little, because
/// [`RESERVE`] bytes are freed before.
type Handler = fn(u64) -> !;

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Bytes reserved for the handler.
const RESERVE: usize = 64 << 10;

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Sets the handler that ends the process when [`Reporting`] is refused memory. Only
/// the first call has an effect. `handler` must neither panic nor return; if it is
/// refused memory itself, it is called again.
pub fn when_refused(handler: Handler) {
    if HANDLER.set(handler).is_ok()
        && let Ok(mut kept) = KEPT.lock()
    {
        *kept = Vec::with_capacity(RESERVE);
    }
}

/// The system's allocator. If it refuses memory, the handler of [`when_refused`] ends
/// the process. Without a handler the refusal is passed on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reporting;

impl Reporting {
    /// Passes on the result of the system.
    #[inline(always)]
    fn given(pointer: *mut u8, bytes: usize) -> *mut u8 {
        if pointer.is_null() { Self::refused(bytes) } else { pointer }
    }

    #[cold]
    fn refused(bytes: usize) -> *mut u8 {
        if let Some(handler) = HANDLER.get() {
            // Never waits, because this thread may hold the lock.
            if let Ok(mut kept) = KEPT.try_lock() {
                drop(std::mem::take(&mut *kept));
            }
            handler(bytes as u64)
        }
        ptr::null_mut()
    }
}

// SAFETY: every method hands its arguments to the system's allocator and gives back what
// that gives. In between only a handler may run, which does not come back; the type of it
// says so, and it does not unwind, as `when_refused` asks.
unsafe impl GlobalAlloc for Reporting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises about `layout` are passed on.
        Self::given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        Self::given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer is of this allocator, so of the system's; the caller's other
        // promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`.
        Self::given(unsafe { System.realloc(pointer, layout, size) }, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_has_is_refused_beforehand() {
        assert_eq!(probe(0), Ok(()));
        assert_eq!(probe(1 << 20), Ok(()));
        for bytes in [1 << 62, u64::MAX] {
            assert_eq!(probe(bytes), Err(Refused { bytes }));
        }
    }

    #[test]
    fn a_refusal_becomes_an_error_and_a_panic_stays_one() {
        assert_eq!(attempt(|| 7), Ok(7));
        assert_eq!(attempt(|| Refused { bytes: 9 }.unwind()), Err::<(), _>(Refused { bytes: 9 }));
        let passed = catch_unwind(|| attempt(|| resume_unwind(Box::new("other"))));
        let Err(payload) = passed else { panic!("the panic was swallowed") };
        assert_eq!(payload.downcast_ref(), Some(&"other"));
    }
}
