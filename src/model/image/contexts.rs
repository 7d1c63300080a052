//! What selects the cells of a byte: predictions, contexts and hashes of its neighbours.
//!
//! Normative text: spec/codec.md §8.5.

use super::rows::Near;
use crate::model::hash::{GOLDEN, SMALL};

/// Predictions of a byte, each with its context; a class that has half of them has the first.
pub const DISTANCES: usize = 16;
/// Hashed contexts; a class that has half of them has the first.
pub const HASHES: usize = 16;
/// The contexts of a prediction are below this.
pub const CONTEXTS: usize = 64;

/// Thresholds of the classes of errors.
const THRESHOLDS: [i32; 15] = [1, 3, 6, 10, 15, 21, 29, 40, 54, 72, 96, 130, 180, 260, 400];

/// A plane of the pixel that was coded before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    /// The neighbours of its sample.
    pub near: Near,
    /// Its sample.
    pub value: i32,
    /// By how much that is more than was predicted.
    pub residual: i32,
}

/// What is known before a byte.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Number of its statistics.
    pub set: usize,
    /// Planes of the pixel coded before.
    pub plane: usize,
    /// Its neighbours.
    pub near: Near,
    /// How wrong they were predicted.
    pub errors: Near,
    /// The planes coded before, the last one first; zeros for those that are not there.
    pub before: [Before; 3],
    /// What the linear predictors say, in 1/8.
    pub linear: [i32; 2],
}

/// What selects the cells of a byte.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    /// Predictions, in 1/8.
    pub predictions: [i32; DISTANCES],
    /// The context of each, below [`CONTEXTS`].
    pub contexts: [i32; DISTANCES],
    /// Hashes of the hashed contexts.
    pub hashes: [u32; HASHES],
    /// Class of the local error, 0 ..= 15.
    pub energy: usize,
    /// What the residuals of other planes say, below 64.
    pub others: usize,
}

/// Returns the class of `value`, 0 ..= 15.
#[inline(always)]
fn class(value: i32) -> i32 {
    THRESHOLDS.iter().map(|&threshold| (value >= threshold) as i32).sum()
}

/// Returns a class of a difference, 0 ..= 3.
#[inline(always)]
fn quarter(value: i32) -> i32 {
    let value = value.abs();
    (value >= 2) as i32 + (value >= 8) as i32 + (value >= 24) as i32
}

/// Returns a class of a difference with its sign, 0 ..= 7.
#[inline(always)]
fn signed(value: i32) -> i32 {
    let size = value.abs();
    let class = (size >= 1) as i32 + (size >= 4) as i32 + (size >= 12) as i32;
    if value < 0 { 3 - class } else { 4 + class }
}

/// Returns the prediction `value` in 1/8.
#[inline(always)]
fn eighths(value: i32) -> i32 {
    value.clamp(0, 255) * 8
}

/// Returns the hash of context `number` of statistics `set`.
#[inline(always)]
fn hash<const N: usize>(number: usize, set: usize, values: [i32; N]) -> u32 {
    let mut hash = ((number * 16 + set + 1) as u32).wrapping_mul(GOLDEN);
    for value in values {
        hash = (hash ^ value as u32).wrapping_mul(SMALL);
        hash ^= hash >> 15;
    }
    hash.wrapping_mul(GOLDEN)
}

impl Known {
    /// Returns what is known before the high byte of a deep sample.
    #[inline(always)]
    pub fn high(&self) -> Known {
        let change = |value: i32| value >> 8;
        let before = self.before.map(|plane| Before {
            near: plane.near.map(change),
            value: change(plane.value),
            residual: plane.residual / 256,
        });
        Known {
            set: 6,
            near: self.near.map(change),
            errors: self.errors.map(|error| error >> 5),
            before,
            linear: self.linear.map(|linear| change(linear).min(2040)),
            ..*self
        }
    }

    /// Returns what is known before the low byte of a deep sample, of which `above` is known:
    /// neighbours as they are above that, from 0 to 255.
    #[inline(always)]
    pub fn low(&self, above: i32) -> Known {
        let before = self.before.map(|plane| {
            let above = plane.value & !255;
            let change = |value: i32| (value - above).clamp(0, 255);
            Before {
                near: plane.near.map(change),
                value: plane.value & 255,
                residual: plane.residual.clamp(-255, 255),
            }
        });
        let change = |value: i32| (value - above).clamp(0, 255);
        Known {
            set: 7,
            near: self.near.map(change),
            errors: self.errors.map(|error| error.min(255)),
            before,
            linear: self.linear.map(|linear| (linear - above * 8).clamp(0, 2040)),
            ..*self
        }
    }

    /// Chooses what selects the cells; in a class that is not `FULL`, the first half.
    #[inline(always)]
    pub fn choose<const FULL: bool>(&self) -> Chosen {
        let (o, e) = (&self.near, &self.errors);
        let [a, b, _] = &self.before;
        let energy = class((2 * (e.w + e.n) + e.nw + e.ne + e.ww + e.nn) / 2);
        let across = (o.w - o.nw).abs() + (o.n - o.ne).abs();
        let others = match self.plane {
            0 => quarter(across) * 4 + quarter(o.w - o.nw + o.n - o.nn),
            _ => signed(a.residual) * 8 + signed(b.residual),
        };
        let (predictions, contexts) = self.predictions::<FULL>(energy);
        Chosen {
            predictions,
            contexts,
            hashes: self.hashes::<FULL>(energy),
            energy: energy as usize,
            others: others as usize,
        }
    }

    #[inline(always)]
    fn predictions<const FULL: bool>(&self, energy: i32) -> ([i32; 16], [i32; 16]) {
        let (o, e) = (&self.near, &self.errors);
        let [a, b, _] = &self.before;
        let [p, fast] = self.linear;
        let gradient = o.w + o.n - o.nw;
        let gradient_of = |plane: &Before| plane.near.w + plane.near.n - plane.near.nw;
        let across = (o.w - o.nw).abs() + (o.n - o.ne).abs();
        let down = quarter(o.w - o.nw + o.n - o.nn);
        let spread = class(across + (o.n - o.nw).abs());
        let first = self.plane == 0;
        let (of_a, of_b) = (class(4 * a.residual.abs()), class(4 * b.residual.abs()));
        let above = |(bit, x): (usize, i32)| ((x > p >> 3) as i32) << bit;
        let texture = [o.w, o.n, o.nw, o.ne, o.ww, o.nn].into_iter().enumerate().map(above).sum();
        let mut predictions = [0; 16];
        let mut contexts = [0; 16];
        let half = [
            (p, energy * 4 + quarter(a.residual)),
            (p, texture),
            (p, signed(a.residual) * 8 + signed(b.residual)),
            match first {
                true => ((2 * (o.w + o.n) + o.ne - o.nw) * 2, spread * 4 + quarter(e.w)),
                false => (eighths(o.w + a.value - a.near.w), of_a * 4 + quarter(e.w + e.n)),
            },
            match first {
                true => (eighths(o.ww + o.n - o.nww), energy * 4 + quarter(across)),
                false => (eighths(o.n + a.value - a.near.n), energy * 4 + quarter(a.residual)),
            },
            (eighths(o.w), class(2 * (o.w - o.n).abs()) * 4 + quarter(o.w - o.ww)),
            (eighths(o.n), class(2 * (o.n - o.nn).abs()) * 4 + quarter(o.n - o.ne)),
            match first {
                true => (eighths(2 * o.w - o.ww), energy * 4 + down),
                false => {
                    let of_b = quarter(b.residual);
                    (eighths(gradient + a.value - gradient_of(a)), of_a * 4 + of_b)
                }
            },
        ];
        for (k, (prediction, context)) in half.into_iter().enumerate() {
            (predictions[k], contexts[k]) = (prediction.clamp(0, 2040), context);
        }
        if FULL {
            let median = gradient.clamp(o.w.min(o.n), o.w.max(o.n));
            let half = [
                (p, spread * 4 + down),
                (fast, energy * 4 + quarter(e.w)),
                (eighths(median), spread * 4 + quarter(e.n)),
                match self.plane {
                    0 => (eighths(o.ne), spread * 4 + quarter(e.ne)),
                    1 => (eighths(o.ne + a.value - a.near.ne), spread * 4 + quarter(e.ne)),
                    _ => (eighths(o.w + b.value - b.near.w), of_b * 4 + quarter(a.residual)),
                },
                match self.plane {
                    0 => (eighths(o.nw), spread * 4 + quarter(e.nw)),
                    1 => (eighths(o.nw + a.value - a.near.nw), spread * 4 + quarter(e.nw)),
                    _ => {
                        let change = a.value + b.value - gradient_of(a) - gradient_of(b);
                        (eighths(gradient + change / 2), of_b * 4 + quarter(e.w))
                    }
                },
                (eighths(o.w + o.ne - o.n), spread * 4 + quarter(e.w)),
                (eighths(o.n + o.ne - o.nne), spread * 4 + quarter(e.ne)),
                (eighths(gradient), energy * 4 + quarter(e.w)),
            ];
            for (k, (prediction, context)) in half.into_iter().enumerate() {
                (predictions[8 + k], contexts[8 + k]) = (prediction, context);
            }
        }
        (predictions, contexts)
    }

    #[inline(always)]
    fn hashes<const FULL: bool>(&self, energy: i32) -> [u32; 16] {
        let o = &self.near;
        let [a, b, c] = &self.before;
        let whole = |part: fn(&Near) -> i32| {
            part(o) | part(&a.near) << 8 | part(&b.near) << 16 | part(&c.near) << 24
        };
        let (w, n, nw, ne) = (whole(|p| p.w), whole(|p| p.n), whole(|p| p.nw), whole(|p| p.ne));
        let (ww, nn) = (whole(|p| p.ww), whole(|p| p.nn));
        let (www, nee) = (whole(|p| p.www), whole(|p| p.nee));
        let known = a.value | b.value << 8 | c.value << 16;
        let (at_w, at_n) = (a.value - a.near.w, a.value - a.near.n);
        let s = self.set;
        let mut hashes = [
            hash(0, s, [w, known]),
            hash(1, s, [n, known]),
            hash(2, s, [w, n, known]),
            hash(3, s, [w, n, nw, ne, known]),
            hash(4, s, [known]),
            hash(5, s, [w, ww, known]),
            hash(6, s, [w, n, ne, nee, nw, ww, www, nn, known]),
            hash(7, s, [o.w, o.n, at_w, at_n]),
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        if FULL {
            let gradient = o.w + o.n - o.nw;
            let median = gradient.clamp(o.w.min(o.n), o.w.max(o.n));
            hashes[8..].copy_from_slice(&[
                hash(8, s, [w, n, nw, known]),
                hash(9, s, [w, n, nw, ne, ww, nn, known]),
                hash(10, s, [n, ne, known]),
                hash(11, s, [self.linear[0] >> 3, energy]),
                hash(12, s, [median, at_w]),
                hash(13, s, [gradient, o.w - o.nw]),
                hash(14, s, [o.w >> 2, o.n >> 2, o.nw >> 2, o.ne >> 2, known]),
                hash(15, s, [n, nn, known]),
            ]);
        }
        hashes
    }
}
