//! Normalised least mean squares: long filters that follow what is left of the signal.
//!
//! Normative text: spec/codec.md §9.4.

use crate::arith::{Simd, Vector};

/// A prediction beyond this, or none that is a number, makes all weights 0.
const MOST: f32 = 1e12;

/// A filter over the last numbers that it was given.
#[derive(Clone, Debug)]
pub struct Lms {
    weights: Vec<Vector>,
    /// The numbers, the newest last; the window begins at `at`.
    past: Vec<f32>,
    at: usize,
    /// Sum of the squares of the window.
    power: f64,
    rate: f32,
    predicted: f32,
}

impl Lms {
    /// Makes a filter of `taps` numbers, a multiple of 16, that predicts 0 yet.
    pub fn new(taps: usize, rate: f32) -> Lms {
        Lms {
            weights: vec![Vector::ZERO; taps / 16],
            past: vec![0.0; 4 * taps],
            at: 0,
            power: 0.0,
            rate,
            predicted: 0.0,
        }
    }

    #[inline(always)]
    fn taps(&self) -> usize {
        16 * self.weights.len()
    }

    /// Predicts the next number: the products of weights and window, summed in two vectors
    /// that take turns.
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S) -> f32 {
        let window = self.past[self.at..self.at + self.taps()].as_chunks().0;
        let mut sums = [simd.splat(0.0); 2];
        for (v, (weights, numbers)) in self.weights.iter().zip(window).enumerate() {
            let product = simd.mul(simd.load(&weights.0), simd.load(numbers));
            sums[v & 1] = simd.add(sums[v & 1], product);
        }
        let predicted = simd.sum(simd.add(sums[0], sums[1]));
        if predicted > -MOST && predicted < MOST {
            self.predicted = predicted;
        } else {
            self.weights.fill(Vector::ZERO);
            self.predicted = 0.0;
        }
        self.predicted
    }

    /// Learns the number that came and takes it in. Returns what was not predicted of it.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, number: f32) -> f32 {
        let taps = self.taps();
        let error = number - self.predicted;
        let step = simd.splat(self.rate * error / (1.0 + self.power as f32));
        let window = self.past[self.at..self.at + taps].as_chunks().0;
        for (weights, numbers) in self.weights.iter_mut().zip(window) {
            let change = simd.mul(step, simd.load(numbers));
            let new = simd.add(simd.load(&weights.0), change);
            simd.store(&mut weights.0, new);
        }
        let (newest, oldest) = (number as f64, self.past[self.at] as f64);
        let power = self.power + newest * newest - oldest * oldest;
        self.power = if power > 0.0 { power } else { 0.0 };
        if self.at + taps == self.past.len() {
            self.past.copy_within(self.at + 1.., 0);
            self.at = 0;
        } else {
            self.at += 1;
        }
        self.past[self.at + taps - 1] = number;
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    #[test]
    fn a_tone_is_learnt() {
        let mut lms = Lms::new(32, 0.01);
        let mut left = 0.0;
        for n in 0..4000i32 {
            lms.predict(Scalar);
            let wave = (n % 20 - 10).abs() as f32 * 50.0 - 250.0;
            left = 0.99 * left + 0.01 * lms.update(Scalar, wave).abs();
        }
        assert!(left < 20.0, "{left}");
    }

    #[test]
    fn numbers_without_bounds_do_no_lasting_harm() {
        let mut lms = Lms::new(16, 0.02);
        for n in 0..200 {
            let predicted = lms.predict(Scalar);
            assert!(predicted.abs() < MOST);
            lms.update(Scalar, if n % 3 == 0 { 4e9 } else { -1e-3 });
        }
    }
}
