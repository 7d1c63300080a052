//! Work on many threads, handed on in order, with bounded memory.

use super::{ArchiveError, Control};
use crate::arith::Isa;
use crate::codec;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

/// A piece of work for a worker.
pub(super) struct Task<J, K> {
    /// What the worker gets.
    pub job: J,
    /// What stays here until the result comes.
    pub kept: K,
    /// Bytes of memory the job holds from now until its result is handed on.
    pub cost: u64,
}

/// A task, the end of all tasks, or why the operation fails.
pub(super) type Next<J, K> = Result<Option<Task<J, K>>, ArchiveError>;

/// The three stages of a pipeline. `next` and `done` run on the calling
/// thread and may share state; `work` runs on the workers.
pub(super) trait Stages {
    /// What goes to a worker.
    type Job: Send;
    /// What waits for the result.
    type Kept;
    /// What a worker gives back.
    type Output: Send;

    /// The next piece of work, `None` at the end.
    fn next(&mut self) -> Next<Self::Job, Self::Kept>;

    /// Does the work.
    fn work(job: Self::Job) -> Self::Output;

    /// Takes a result. Results come in the order of `next`.
    fn done(&mut self, kept: Self::Kept, output: Self::Output) -> Result<(), ArchiveError>;
}

/// Runs all work on `jobs` threads. At most one task more than there are
/// workers is under way, and no more than `memory` bytes of them, but always
/// one.
///
/// # Errors
/// [`ArchiveError::Interrupted`] between tasks; what the stages return;
/// [`ArchiveError::Limit`] if a single task needs more than `memory`.
pub(super) fn run<S: Stages>(
    stages: &mut S,
    jobs: usize,
    memory: u64,
    control: &Control,
) -> Result<(), ArchiveError> {
    let pool = build(jobs)?;
    pool.in_place_scope(|scope| {
        let mut flight: Flight<S> = Flight { tasks: VecDeque::new(), cost: 0 };
        loop {
            // Before the next task is made, as that takes memory already.
            while flight.tasks.len() > jobs {
                flight.land(stages)?;
            }
            let Some(Task { job, kept, cost }) = stages.next()? else { break };
            control.check()?;
            if cost > memory {
                return Err(ArchiveError::Limit { field: "memory", found: cost, limit: memory });
            }
            while flight.cost.saturating_add(cost) > memory {
                flight.land(stages)?;
            }
            let (sender, receiver) = sync_channel(1);
            scope.spawn(move |_| {
                // The receiver is gone only if the pipeline has failed.
                let _ = sender.send(S::work(job));
            });
            flight.tasks.push_back((receiver, kept, cost));
            flight.cost += cost;
        }
        while !flight.tasks.is_empty() {
            control.check()?;
            flight.land(stages)?;
        }
        Ok(())
    })
}

/// A pool of `jobs` threads, 0 for one per processor.
pub(super) fn build(jobs: usize) -> Result<rayon::ThreadPool, ArchiveError> {
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|error| ArchiveError::Io {
        path: "threads".into(),
        operation: "start",
        source: std::io::Error::other(error),
    })
}

/// The codec's known-answer test, once for every instruction set in use.
pub(super) fn self_test(isa: Isa) -> Result<(), ArchiveError> {
    static PASSED: Mutex<Vec<Isa>> = Mutex::new(Vec::new());
    // A list of what passed is sound whenever its lock was given up.
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    if !passed.contains(&isa) {
        codec::self_test(isa)?;
        passed.push(isa);
    }
    Ok(())
}

/// Number of workers meant by `jobs`: 0 is one per processor.
pub(super) fn workers(jobs: usize) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, |count| count.get());
    if jobs == 0 { processors() } else { jobs }
}

/// Tasks under way, oldest first.
struct Flight<S: Stages> {
    tasks: VecDeque<(Receiver<S::Output>, S::Kept, u64)>,
    cost: u64,
}

impl<S: Stages> Flight<S> {
    /// Waits for the oldest task and hands its result on.
    fn land(&mut self, stages: &mut S) -> Result<(), ArchiveError> {
        let Some((receiver, kept, cost)) = self.tasks.pop_front() else { return Ok(()) };
        self.cost -= cost;
        match receiver.recv() {
            Ok(output) => stages.done(kept, output),
            // The worker panicked; the scope passes the panic on when it ends.
            Err(_) => Err(ArchiveError::Interrupted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Silent;
    use std::sync::atomic::AtomicBool;

    struct Squares {
        left: u64,
        got: Vec<u64>,
    }

    impl Stages for Squares {
        type Job = u64;
        type Kept = u64;
        type Output = u64;

        fn next(&mut self) -> Result<Option<Task<u64, u64>>, ArchiveError> {
            let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
            self.left = left;
            Ok(Some(Task { job: left, kept: left, cost: 10 }))
        }

        fn work(job: u64) -> u64 {
            std::thread::sleep(std::time::Duration::from_micros(job * 37 % 300));
            job * job
        }

        fn done(&mut self, kept: u64, output: u64) -> Result<(), ArchiveError> {
            assert_eq!(kept * kept, output);
            self.got.push(kept);
            Ok(())
        }
    }

    #[test]
    fn results_come_in_order_whatever_the_threads_do() {
        let cancel = AtomicBool::new(false);
        let control = Control { events: &Silent, cancel: &cancel };
        for (jobs, memory) in [(1, 10), (2, 1000), (5, 25)] {
            let mut squares = Squares { left: 200, got: Vec::new() };
            run(&mut squares, jobs, memory, &control).unwrap();
            assert!(squares.got.iter().rev().copied().eq(0..200));
        }
        let mut squares = Squares { left: 1, got: Vec::new() };
        let refused = run(&mut squares, 1, 9, &control).unwrap_err();
        assert!(matches!(refused, ArchiveError::Limit { found: 10, limit: 9, .. }));
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        let stopped = run(&mut squares, 1, 9, &control);
        assert!(stopped.is_ok(), "nothing was left to stop");
        squares.left = 3;
        let stopped = run(&mut squares, 1, 100, &control).unwrap_err();
        assert!(matches!(stopped, ArchiveError::Interrupted));
    }
}
