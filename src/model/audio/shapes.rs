//! Predictions as distributions: sixteen logistic ones, each around a prediction, as wide as
//! its errors were.
//!
//! Normative text: spec/codec.md §9.6.

use crate::arith::{Simd, Vector, math};

/// Predictions of a sample.
pub const PREDICTIONS: usize = 8;
/// The lane whose mean error decides the bins.
pub const MEDIUM: usize = 1;
/// Lanes of a fast and of a slow mean error.
pub const FAST: usize = 0;
/// See [`FAST`].
pub const SLOW: usize = 3;
/// The prediction by a match, and the lane around it.
pub const MATCHED: usize = 5;
/// See [`MATCHED`].
pub const MATCH_LANE: usize = 13;

/// How fast the mean error of each lane follows.
static RATES: [f32; 16] = [
    0.12, 0.04, 0.0125, 0.004, 0.04, 0.04, 0.03, 0.01, 0.03, 0.01, 0.03, 0.01, 0.08, 0.05, 0.02,
    0.02,
];
/// The scale of each lane, in its mean errors.
static SCALES: [f32; 16] =
    [0.72, 0.72, 0.72, 0.72, 0.4, 1.3, 0.72, 0.72, 0.72, 0.72, 0.72, 0.72, 0.72, 0.72, 0.72, 0.72];
/// The prediction of each lane.
static CENTRES: [usize; 16] = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, MATCHED, 6, 7];
/// An error counts at most as so many mean errors, and [`MOST_ADDED`].
const MOST_TIMES: f32 = 10.0;
/// See [`MOST_TIMES`].
const MOST_ADDED: f32 = 4.0;
/// Added to each scale.
const LEAST_SCALE: f32 = 0.02;
/// Arguments of the logistic function lie within ± this.
const MOST_ARGUMENT: f32 = 40.0;
/// The mean errors of a channel at first.
const FIRST: f32 = 8.0;

/// The errors of a channel.
#[derive(Clone, Debug)]
pub struct Errors {
    /// Mean size of the error of each lane.
    pub means: Vector,
    /// The last two errors of the first prediction, the newest first.
    pub last: [f32; 2],
}

impl Default for Errors {
    fn default() -> Errors {
        Errors { means: Vector([FIRST; 16]), last: [0.0; 2] }
    }
}

/// The centre of each lane against the number `origin`.
#[inline(always)]
pub fn centres(predictions: &[f64; PREDICTIONS], origin: i64) -> [f32; 16] {
    CENTRES.map(|prediction| (predictions[prediction] - origin as f64) as f32)
}

impl Errors {
    /// Learns the sample: `target` and `centres` are against the same number. The lane of
    /// the match learns if there is one.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, centres: &[f32; 16], target: i64, matched: bool) {
        let error = simd.sub(simd.splat(target as f32), simd.load(centres));
        let size = simd.max(error, simd.sub(simd.splat(0.0), error));
        let means = simd.load(&self.means.0);
        let most = simd.add(simd.mul(means, simd.splat(MOST_TIMES)), simd.splat(MOST_ADDED));
        let change = simd.mul(simd.load(&RATES), simd.sub(simd.min(size, most), means));
        let before = self.means.0[MATCH_LANE];
        simd.store(&mut self.means.0, simd.add(means, change));
        if !matched {
            self.means.0[MATCH_LANE] = before;
        }
        self.last = [target as f32 - centres[0], self.last[0]];
    }
}

/// Sixteen distributions of the distance of a sample from a number, on one side of it.
pub struct Shapes<S: Simd> {
    centres: S::F,
    /// One divided by the scale.
    sharpness: S::F,
}

impl<S: Simd> Shapes<S> {
    /// Makes the distributions around `centres`.
    #[inline(always)]
    pub fn new(simd: S, centres: &[f32; 16], errors: &Errors, matched: bool) -> Self {
        let mut means = errors.means.0;
        if !matched {
            means[MATCH_LANE] = means[MEDIUM];
        }
        let scale = simd.mul(simd.load(&means), simd.load(&SCALES));
        let scale = simd.add(scale, simd.splat(LEAST_SCALE));
        Shapes { centres: simd.load(centres), sharpness: simd.div(simd.splat(1.0), scale) }
    }

    /// Returns the probability that the distance is beyond `at`.
    #[inline(always)]
    pub fn beyond(&self, simd: S, at: f32) -> S::F {
        let x = simd.mul(simd.sub(self.centres, simd.splat(at)), self.sharpness);
        let x = simd.max(x, simd.splat(-MOST_ARGUMENT));
        math::squash(simd, simd.min(x, simd.splat(MOST_ARGUMENT)))
    }

    /// Looks at distances of `d + ½` above, or else at those of `−d − ½` below.
    #[inline(always)]
    pub fn on_side(&mut self, simd: S, above: bool) {
        let half = simd.splat(0.5);
        self.centres = match above {
            true => simd.add(self.centres, half),
            false => simd.sub(simd.splat(-0.5), self.centres),
        };
    }
}
