//! Work on many threads, handed on in order, with bounded memory.

use super::{ArchiveError, Control};
use crate::arith::refusal::{self, Refused};
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};

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
/// thread and may share state; `work` runs on the workers, if there are any.
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

/// Runs all work on `jobs` threads; one job is done on the calling thread. At most one
/// task more than there are threads is under way, and no more than `memory` bytes of
/// them, or than the system has, but always one.
///
/// # Errors
/// [`ArchiveError::Interrupted`] between tasks; what the stages return;
/// [`ArchiveError::Limit`] if a single task needs more than `memory`;
/// [`ArchiveError::Memory`] if the system has not as much; [`ArchiveError::Threads`].
pub(super) fn run<S: Stages>(
    stages: &mut S,
    jobs: usize,
    memory: u64,
    control: &Control,
) -> Result<(), ArchiveError> {
    match build(jobs)? {
        Pool::Here => run_here(stages, memory, control),
        Pool::Threads(threads) => run_on(&threads, stages, memory, control),
    }
}

/// Runs one task after the other on the calling thread.
fn run_here<S: Stages>(stages: &mut S, memory: u64, control: &Control) -> Result<(), ArchiveError> {
    while let Some(Task { job, kept, cost }) = stages.next()? {
        control.check()?;
        check_cost(cost, memory)?;
        refusal::probe(cost)?;
        let output = refusal::attempt(|| S::work(job))?;
        stages.done(kept, output)?;
    }
    Ok(())
}

fn run_on<S: Stages>(
    threads: &rayon::ThreadPool,
    stages: &mut S,
    memory: u64,
    control: &Control,
) -> Result<(), ArchiveError> {
    threads.in_place_scope(|scope| {
        let mut flight: Flight<S> = Flight { tasks: VecDeque::new(), cost: 0 };
        loop {
            // Before the next task is made, as that takes memory already.
            while flight.tasks.len() > threads.current_num_threads() {
                flight.land(stages)?;
            }
            let Some(Task { job, kept, cost }) = stages.next()? else { break };
            control.check()?;
            check_cost(cost, memory)?;
            while flight.cost.saturating_add(cost) > memory {
                flight.land(stages)?;
            }
            // Tasks under way may not yet have taken what they need.
            while let Err(refused) = refusal::probe(flight.cost.saturating_add(cost)) {
                if flight.tasks.is_empty() {
                    return Err(refused.into());
                }
                flight.land(stages)?;
            }
            let (sender, receiver) = sync_channel(1);
            scope.spawn(move |_| {
                // The receiver is gone only if the pipeline has failed.
                let _ = sender.send(refusal::attempt(|| S::work(job)));
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

/// Refuses a task that needs more than all of the memory allowed.
pub(super) fn check_cost(cost: u64, memory: u64) -> Result<(), ArchiveError> {
    match cost > memory {
        true => Err(ArchiveError::Limit { field: "memory", found: cost, limit: memory }),
        false => Ok(()),
    }
}

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

/// Where the result of a task comes, or why there is no memory for it.
type Awaited<T> = Receiver<Result<T, Refused>>;

/// Tasks under way, oldest first.
struct Flight<S: Stages> {
    tasks: VecDeque<(Awaited<S::Output>, S::Kept, u64)>,
    cost: u64,
}

impl<S: Stages> Flight<S> {
    /// Waits for the oldest task and hands its result on.
    fn land(&mut self, stages: &mut S) -> Result<(), ArchiveError> {
        let Some((receiver, kept, cost)) = self.tasks.pop_front() else { return Ok(()) };
        self.cost -= cost;
        match receiver.recv() {
            Ok(output) => stages.done(kept, output?),
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

    /// One task that asks for more than there is, or panics rayon's way into a new pool.
    struct Once<F> {
        left: Option<(F, u64)>,
        got: Option<usize>,
    }

    impl<F: FnOnce() -> usize + Send> Stages for Once<F> {
        type Job = F;
        type Kept = ();
        type Output = usize;

        fn next(&mut self) -> Result<Option<Task<F, ()>>, ArchiveError> {
            Ok(self.left.take().map(|(job, cost)| Task { job, kept: (), cost }))
        }

        fn work(job: F) -> usize {
            job()
        }

        fn done(&mut self, (): (), output: usize) -> Result<(), ArchiveError> {
            self.got = Some(output);
            Ok(())
        }
    }

    fn once(
        jobs: usize,
        cost: u64,
        work: impl FnOnce() -> usize + Send,
    ) -> Result<usize, ArchiveError> {
        let cancel = AtomicBool::new(false);
        let control = Control { events: &Silent, cancel: &cancel };
        let mut stages = Once { left: Some((work, cost)), got: None };
        run(&mut stages, jobs, u64::MAX, &control)?;
        Ok(stages.got.expect("the task was done"))
    }

    #[test]
    fn memory_that_the_system_refuses_ends_the_run() {
        for jobs in [1, 2] {
            let beforehand = once(jobs, 1 << 62, || panic!("the task was begun")).unwrap_err();
            assert!(
                matches!(beforehand, ArchiveError::Memory(Refused { bytes }) if bytes == 1 << 62)
            );
            let table = || crate::arith::memory::Table::<u64>::new(58).len();
            let meanwhile = once(jobs, 0, table).unwrap_err();
            assert!(
                matches!(meanwhile, ArchiveError::Memory(Refused { bytes }) if bytes == 1 << 61)
            );
        }
    }

    #[test]
    fn work_spreads_over_as_many_threads_as_were_asked_for_and_no_others() {
        for jobs in [1, 2, 3] {
            assert_eq!(once(jobs, 0, rayon::current_num_threads).unwrap(), jobs);
            assert_eq!(build(jobs).unwrap().install(rayon::current_num_threads), jobs);
        }
    }

    #[test]
    fn one_job_stays_on_the_calling_thread() {
        let here = std::thread::current().id();
        let same = move || (std::thread::current().id() == here) as usize;
        assert_eq!(once(1, 0, same).unwrap(), 1);
        assert_eq!(once(2, 0, same).unwrap(), 0);
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
