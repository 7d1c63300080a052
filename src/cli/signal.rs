//! Interrupts: the first asks the work to stop and clean up, the second kills.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::exit::Exit;

/// A flag that SIGINT, SIGTERM and SIGHUP set from now on. A second signal
/// ends the process at once, for when the work hangs in a system call.
///
/// # Errors
/// What the system says; none in practice.
pub fn cancel_flag() -> io::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let exit = i32::from(Exit::Interrupted as u8);
        // Order matters: the shutdown looks at the flag before it is set.
        flag::register_conditional_shutdown(signal, exit, Arc::clone(&cancel))?;
        flag::register(signal, Arc::clone(&cancel))?;
    }
    Ok(cancel)
}
