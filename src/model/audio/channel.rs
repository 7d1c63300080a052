//! The predictors of a channel.
//!
//! Normative text: spec/codec.md §9.2.

use super::class::Plan;
use super::history::History;
use super::lms::Lms;
use super::ols::Ols;
use super::shapes::{Errors, PREDICTIONS};
use crate::arith::Simd;

/// Added to the variances of the predictors of samples.
const RIDGE: f64 = 0.001;
/// The same of the last predictor.
const LAST_RIDGE: f64 = 0.01;
/// What a sample leaves of the covariance of each predictor.
const KEEP: f64 = 0.998;
/// The same of the short one.
const SHORT_KEEP: f64 = 0.98;
/// The same of the steady one.
const STEADY_KEEP: f64 = 0.9998;
/// The same of the last one.
const LAST_KEEP: f64 = 0.999;
/// Inputs of the short predictor from its own channel, if there is another.
const SHORT_OWN: usize = 10;

/// A channel: its last samples and its predictors.
#[derive(Clone, Debug)]
pub struct Channel<const N: usize> {
    /// The samples.
    pub history: History,
    /// The errors of the predictions.
    pub errors: Errors,
    first: Ols<N>,
    short: Option<Ols<16>>,
    steady: Option<Ols<N>>,
    stages: Vec<Lms>,
    last: Option<Ols<8>>,
    /// What the first predictor said, and the sum of it and the filters.
    said: [f64; 2],
}

/// `x` within `range`; the lower bound if it is no number.
#[inline(always)]
fn within(x: f64, (low, high): (i64, i64)) -> f64 {
    if x > high as f64 {
        high as f64
    } else if x >= low as f64 {
        x
    } else {
        low as f64
    }
}

/// The last samples of a channel and of another one, in `N` inputs.
#[inline(always)]
fn inputs<const N: usize>(own: &History, other: Option<&History>, count: usize) -> [f64; N] {
    let mut inputs = [0.0; N];
    match other {
        Some(other) => {
            inputs[..count].copy_from_slice(own.last(count));
            inputs[count..].copy_from_slice(other.last(N - count));
        }
        None => inputs.copy_from_slice(own.last(N)),
    }
    inputs
}

impl<const N: usize> Channel<N> {
    /// Makes a channel without samples.
    pub fn new(plan: &Plan) -> Channel<N> {
        let some = |interval: u32| (interval > 0).then_some(interval);
        Channel {
            history: History::default(),
            errors: Errors::default(),
            first: Ols::new(plan.interval, KEEP, RIDGE),
            short: some(plan.short).map(|interval| Ols::new(interval, SHORT_KEEP, RIDGE)),
            steady: some(plan.steady).map(|interval| Ols::new(interval, STEADY_KEEP, RIDGE)),
            stages: plan.stages.iter().map(|&(taps, rate)| Lms::new(taps, rate)).collect(),
            last: some(plan.last).map(|interval| Ols::new(interval, LAST_KEEP, LAST_RIDGE)),
            said: [0.0; 2],
        }
    }

    /// Predicts the next sample, which lies in `range`. `other` is another channel's past, if
    /// there is one; `matched` the sample that a match expects.
    #[inline(always)]
    pub fn predict<S: Simd>(
        &mut self,
        simd: S,
        other: Option<&History>,
        matched: Option<i32>,
        range: (i64, i64),
    ) -> [f64; PREDICTIONS] {
        let many = inputs::<N>(&self.history, other, N / 2);
        let first = within(self.first.predict(&many), range);
        let short = self.short.as_mut().map_or(first, |short| {
            let few = inputs::<16>(&self.history, other, SHORT_OWN);
            within(short.predict(&few), range)
        });
        let steady = self.steady.as_mut().map(|steady| within(steady.predict(&many), range));
        let mut late = [0.0; 8];
        let (mut sum, mut filtered) = (first, first);
        for (i, stage) in self.stages.iter_mut().enumerate() {
            late[i] = stage.predict(simd) as f64;
            sum += late[i];
            if i == 0 {
                filtered = sum;
            }
        }
        let [before, newest] = [self.history.last(2)[0], self.history.last(1)[0]];
        late[4] = short - first;
        late[5] = newest - first;
        let straight = within(2.0 * newest - before, range);
        late[6] = straight - first;
        late[7] = steady.unwrap_or(first) - first;
        self.said = [first, sum];
        let change = self.last.as_mut().map_or(0.0, |last| last.predict(&late));
        let [plain, filtered, last] = [sum, filtered, sum + change].map(|p| within(p, range));
        let matched = matched.map_or(last, |sample| within(sample as f64, range));
        let eighth = steady.unwrap_or(plain);
        [last, first, filtered, short, newest, matched, straight, eighth]
    }

    /// Learns the sample and takes it in.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, sample: f64) {
        let [first, sum] = self.said;
        let mut rest = (sample - first) as f32;
        for stage in &mut self.stages {
            rest = stage.update(simd, rest);
        }
        if let Some(last) = &mut self.last {
            last.update(sample - sum);
        }
        self.first.update(sample);
        if let Some(short) = &mut self.short {
            short.update(sample);
        }
        if let Some(steady) = &mut self.steady {
            steady.update(sample);
        }
        self.history.push(sample);
    }
}
