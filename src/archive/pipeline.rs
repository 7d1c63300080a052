//! Runs work on many threads and hands the results on in order, within bounded memory.

use super::memory::check_cost;
use super::threads::{self, Pool};
use super::{ArchiveError, Control};
use crate::arith::refusal::{self, Refused};
use std::collections::VecDeque;
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

/// The next task, `None` at the end, or the error that ends the operation.
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

    /// Returns whether the next piece of work can be made only when a result has come that
    /// is still under way.
    ///
    /// # Errors
    /// Whatever ends the operation.
    fn waits(&mut self) -> Result<bool, ArchiveError> {
        Ok(false)
    }

    /// Returns the next piece of work, `None` at the end.
    fn next(&mut self) -> Next<Self::Job, Self::Kept>;

    /// Does the work.
    fn work(job: Self::Job) -> Self::Output;

    /// Returns the bytes of memory that all tasks under way together may take now.
    fn memory(&self) -> u64;

    /// Takes a result. Results come in the order of `next`.
    fn done(&mut self, kept: Self::Kept, output: Self::Output) -> Result<(), ArchiveError>;
}

/// Runs all work on `jobs` threads; one job is done on the calling thread. At most one
/// task more than there are threads is under way, and no more than [`Stages::memory`]
/// bytes of them, or than the system has, but always one.
///
/// # Errors
/// [`ArchiveError::Interrupted`] between tasks; what the stages return;
/// [`ArchiveError::Limit`] if a single task needs more memory than it may take;
/// [`ArchiveError::Memory`] if the system has not as much; [`ArchiveError::Threads`].
pub(super) fn run<S: Stages>(
    stages: &mut S,
    jobs: usize,
    control: &Control,
) -> Result<(), ArchiveError> {
    match threads::build(jobs)? {
        Pool::Here => run_here(stages, control),
        Pool::Threads(threads) => run_on(&threads, stages, control),
    }
}

/// Runs one task after the other on the calling thread.
fn run_here<S: Stages>(stages: &mut S, control: &Control) -> Result<(), ArchiveError> {
    while let Some(Task { job, kept, cost }) = stages.next()? {
        control.check()?;
        check_cost(cost, stages.memory())?;
        refusal::probe(cost)?;
        let output = refusal::attempt(|| S::work(job))?;
        stages.done(kept, output)?;
    }
    Ok(())
}

fn run_on<S: Stages>(
    threads: &rayon::ThreadPool,
    stages: &mut S,
    control: &Control,
) -> Result<(), ArchiveError> {
    threads.in_place_scope(|scope| {
        let mut flight: Flight<S> = Flight { tasks: VecDeque::new(), cost: 0 };
        loop {
            // Before the next task is made, as that takes memory already.
            while flight.tasks.len() > threads.current_num_threads() {
                flight.land(stages)?;
            }
            while !flight.tasks.is_empty() && stages.waits()? {
                flight.land(stages)?;
            }
            let Some(Task { job, kept, cost }) = stages.next()? else { break };
            control.check()?;
            while flight.cost.saturating_add(cost) > stages.memory() && !flight.tasks.is_empty() {
                flight.land(stages)?;
            }
            check_cost(cost, stages.memory())?;
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

/// Receives the result of a task, or the refusal of memory that ended it.
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
        memory: u64,
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

        fn memory(&self) -> u64 {
            self.memory
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

        fn memory(&self) -> u64 {
            u64::MAX
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
        run(&mut stages, jobs, &control)?;
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
            let mut squares = Squares { left: 200, memory, got: Vec::new() };
            run(&mut squares, jobs, &control).unwrap();
            assert!(squares.got.iter().rev().copied().eq(0..200));
        }
        let mut squares = Squares { left: 1, memory: 9, got: Vec::new() };
        let refused = run(&mut squares, 1, &control).unwrap_err();
        assert!(matches!(refused, ArchiveError::Limit { found: 10, limit: 9, .. }));
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        let stopped = run(&mut squares, 1, &control);
        assert!(stopped.is_ok(), "nothing was left to stop");
        (squares.left, squares.memory) = (3, 100);
        let stopped = run(&mut squares, 1, &control).unwrap_err();
        assert!(matches!(stopped, ArchiveError::Interrupted));
    }
}
