//! Where work is done: on the calling thread, or on how many others.

use super::ArchiveError;
use crate::arith::refusal;
use std::io;

/// Where work is done. Whatever spreads over rayon's threads while it runs stays there:
/// the global pool is never made.
pub(super) enum Pool {
    /// On the calling thread: nothing is started.
    Here,
    /// On threads of its own.
    Threads(rayon::ThreadPool),
}

impl Pool {
    /// Runs `work` there and waits for it.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Pool::Here => work(),
            Pool::Threads(threads) => threads.install(work),
        }
    }
}

/// Address space that starting a thread takes: its stack and what else it needs.
const THREAD: u64 = (2 << 20) + (256 << 10);

/// A pool for `jobs` jobs, 0 for one per processor.
///
/// # Errors
/// [`ArchiveError::Threads`] if the system does not start as many threads.
pub(super) fn build(jobs: usize) -> Result<Pool, ArchiveError> {
    let jobs = workers(jobs);
    let failed = |source| ArchiveError::Threads { count: jobs, source };
    if jobs == 1 {
        stay_here().map_err(failed)?;
        return Ok(Pool::Here);
    }
    // A thread that gets its stack and no more would abort the process.
    refusal::probe(THREAD * jobs as u64).map_err(|error| failed(io::Error::other(error)))?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    Ok(Pool::Threads(threads.map_err(|error| failed(io::Error::other(error)))?))
}

/// Makes the calling thread a pool of itself for the rest of its life, unless it
/// belongs to one: rayon would start its global pool for it otherwise.
fn stay_here() -> io::Result<()> {
    if rayon::current_thread_index().is_none() {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        // Never ended, as rayon says of pools of the current thread.
        std::mem::forget(builder.build().map_err(io::Error::other)?);
    }
    Ok(())
}

/// Number of workers meant by `jobs`: 0 is one per processor.
pub(super) fn workers(jobs: usize) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, |count| count.get());
    if jobs == 0 { processors() } else { jobs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_as_many_threads_as_were_asked_for() {
        for jobs in [1, 2, 3] {
            assert_eq!(build(jobs).unwrap().install(rayon::current_num_threads), jobs);
        }
        assert!(workers(0) > 0);
    }
}
