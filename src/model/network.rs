//! The byte-level network: PEAR's fusion vectors as table look-ups.
//!
//! Every (position, byte) pair and every hashed n-gram owns a row of width `H`.
//! The hidden vector is the sum of the active rows, normalised, rectified,
//! through one residual layer; each node of the byte's binary tree has an
//! output row, so a bit costs one dot product. Forward stands beside backward.
//!
//! Normative text: spec/codec.md §5.6.

use super::hash::MULTIPLIER;
use crate::arith::memory::Table;
use crate::arith::{Simd, Vector};

/// Bytes of the past that have rows by position.
pub const POSITIONS: usize = 8;

/// Tables of hashed n-ngrams.
pub const NGRAMS: usize = 5;
/// Share of each new gradient in the running mean square.
const ENERGY_RATE: f32 = 0.002;

/// The network, `B` vectors of sixteen wide.
#[derive(Debug)]
pub struct Network<const B: usize, const DEEP: bool> {
    /// Rows: positions first, then the n-gram tables. `[rows, B]`.
    rows: Table<[Vector; B]>,
    /// Running mean square of the rows' gradient: it normalises their steps.
    energy: f32,
    /// Rows of one n-gram table, as a power of two.
    log2_rows: u32,
    /// Rows active for the current byte.
    active: [u32; POSITIONS + NGRAMS],
    /// Hidden layer, `[16·B inputs, B]`.
    hidden: Vec<[Vector; B]>,
    bias: [Vector; B],
    /// Output rows by partial byte, `[256, B]`.
    head: Vec<[Vector; B]>,
    /// Normalised sum of the rows.
    normal: [Vector; B],
    deviation: f32,
    /// After rectification, and after the residual layer.
    first: [Vector; B],
    inner: [Vector; B],
    second: [Vector; B],
    /// Gradient of the loss by `second`, gathered over the byte's bits.
    gradient: [Vector; B],
}

impl<const B: usize, const DEEP: bool> Network<B, DEEP> {
    /// Width of the hidden vector.
    const WIDTH: f32 = 16.0 * B as f32;

    /// A network with n-gram tables of `2^log2_rows` rows each.
    pub fn new(log2_rows: u32) -> Self {
        let count = POSITIONS * 256 + (NGRAMS << log2_rows);
        let mut noise = Noise(0x5045_4152);
        let mut rows = Table::<[Vector; B]>::new(count.next_power_of_two().ilog2());
        for row in 0..POSITIONS * 256 {
            rows.at_mut(row)
                .iter_mut()
                .for_each(|vector| vector.0 = core::array::from_fn(|_| noise.next(0.1)));
        }
        let mut hidden = vec![[Vector::ZERO; B]; if DEEP { 16 * B } else { 0 }];
        for row in &mut hidden {
            row.iter_mut().for_each(|vector| vector.0 = core::array::from_fn(|_| noise.next(0.3)));
        }
        let zero = [Vector::ZERO; B];
        Network {
            rows,
            energy: 1e-4,
            log2_rows,
            active: [0; POSITIONS + NGRAMS],
            hidden,
            bias: zero,
            head: vec![zero; 256],
            normal: zero,
            deviation: 1.0,
            first: zero,
            inner: zero,
            second: zero,
            gradient: zero,
        }
    }

    /// Chooses the rows of the next byte: the last bytes, newest first in the
    /// low byte of `recent`, and one hash per n-gram table.
    #[inline(always)]
    pub fn select(&mut self, recent: u64, hashes: &[u32; NGRAMS]) {
        for position in 0..POSITIONS {
            let byte = (recent >> (8 * position) & 255) as u32;
            self.active[position] = position as u32 * 256 + byte;
        }
        let base = POSITIONS as u32 * 256;
        for (table, &hash) in hashes.iter().enumerate() {
            self.active[POSITIONS + table] =
                base + ((table as u32) << self.log2_rows) + (hash >> (32 - self.log2_rows));
        }
        for &row in &self.active[POSITIONS..] {
            self.rows.prefetch(row as usize);
        }
    }

    /// Computes the hidden vector of the chosen rows.
    #[inline(always)]
    pub fn forward<S: Simd>(&mut self, simd: S) {
        let mut sum = [simd.splat(0.0); B];
        for &row in &self.active {
            for (sum, vector) in sum.iter_mut().zip(self.rows.at(row as usize)) {
                *sum = simd.add(*sum, simd.load(&vector.0));
            }
        }
        let mut total = simd.splat(0.0);
        sum.iter().for_each(|&vector| total = simd.add(total, vector));
        let mean = simd.splat(simd.sum(total) / Self::WIDTH);
        let mut square = simd.splat(0.0);
        for vector in &mut sum {
            *vector = simd.sub(*vector, mean);
            square = simd.add(square, simd.mul(*vector, *vector));
        }
        self.deviation = 1.0 / (simd.sum(square) / Self::WIDTH + 1e-5).sqrt();
        let (scale, zero) = (simd.splat(self.deviation), simd.splat(0.0));
        for (j, vector) in sum.into_iter().enumerate() {
            let normal = simd.mul(vector, scale);
            simd.store(&mut self.normal[j].0, normal);
            simd.store(&mut self.first[j].0, simd.max(normal, zero));
        }
        if !DEEP {
            self.second = self.first;
            self.gradient = [Vector::ZERO; B];
            return;
        }
        let mut inner: [S::F; B] = core::array::from_fn(|j| simd.load(&self.bias[j].0));
        for (k, weights) in self.hidden.iter().enumerate() {
            let x = simd.splat(self.first[k / 16].0[k % 16]);
            for (inner, w) in inner.iter_mut().zip(weights) {
                *inner = simd.add(*inner, simd.mul(x, simd.load(&w.0)));
            }
        }
        for (j, &vector) in inner.iter().enumerate() {
            simd.store(&mut self.inner[j].0, vector);
            let out = simd.add(simd.load(&self.first[j].0), simd.max(vector, zero));
            simd.store(&mut self.second[j].0, out);
            simd.store(&mut self.gradient[j].0, zero);
        }
    }

    /// The logistic-domain prediction of the next bit: a number, whatever the
    /// weights have become. `clamp` would pass NaN on, whose bits differ among CPUs.
    #[allow(clippy::manual_clamp)]
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S, partial: u32) -> f32 {
        let mut sum = simd.splat(0.0);
        for (h, v) in self.second.iter().zip(&self.head[partial as usize & 255]) {
            sum = simd.add(sum, simd.mul(simd.load(&h.0), simd.load(&v.0)));
        }
        simd.sum(sum).max(-9.0).min(9.0)
    }

    /// Trains the output row of the bit and gathers the gradient behind it.
    /// `error` is `p − bit`.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, partial: u32, error: f32, rate: f32) {
        let (error, step) = (simd.splat(error), simd.splat(-error * rate));
        let row = &mut self.head[partial as usize & 255];
        for j in 0..B {
            let v = simd.load(&row[j].0);
            let gradient = simd.add(simd.load(&self.gradient[j].0), simd.mul(error, v));
            simd.store(&mut self.gradient[j].0, gradient);
            let v = simd.add(v, simd.mul(step, simd.load(&self.second[j].0)));
            simd.store(&mut row[j].0, v);
        }
    }

    /// Trains the residual layer; returns the gradient behind it.
    #[inline(always)]
    fn through_layer<S: Simd>(&mut self, simd: S, layer_rate: f32) -> [Vector; B] {
        let zero = simd.splat(0.0);
        let mut behind = [Vector::ZERO; B];
        let mut outer = [zero; B];
        for j in 0..B {
            // Rectifier: gradient passes where the inner value was positive.
            let open = positive(simd, simd.load(&self.inner[j].0));
            outer[j] = simd.mul(simd.load(&self.gradient[j].0), open);
            let step = simd.mul(outer[j], simd.splat(-layer_rate));
            let bias = simd.add(simd.load(&self.bias[j].0), step);
            simd.store(&mut self.bias[j].0, bias);
        }
        for (k, weights) in self.hidden.iter_mut().enumerate() {
            let mut dot = zero;
            let x = self.first[k / 16].0[k % 16];
            let step = simd.splat(-layer_rate * x);
            for (w, &outer) in weights.iter_mut().zip(&outer) {
                let old = simd.load(&w.0);
                dot = simd.add(dot, simd.mul(old, outer));
                simd.store(&mut w.0, simd.add(old, simd.mul(step, outer)));
            }
            behind[k / 16].0[k % 16] = simd.sum(dot);
        }
        behind
    }

    /// Trains the layer and the rows behind the byte just seen.
    #[inline(always)]
    pub fn backward<S: Simd>(&mut self, simd: S, layer_rate: f32, row_rate: f32) {
        let zero = simd.splat(0.0);
        let behind = if DEEP { self.through_layer(simd, layer_rate) } else { [Vector::ZERO; B] };
        let mut delta = [zero; B];
        let (mut mean, mut project) = (zero, zero);
        for j in 0..B {
            let normal = simd.load(&self.normal[j].0);
            let sum = simd.add(simd.load(&self.gradient[j].0), simd.load(&behind[j].0));
            delta[j] = simd.mul(sum, positive(simd, normal));
            mean = simd.add(mean, delta[j]);
            project = simd.add(project, simd.mul(delta[j], normal));
        }
        let mean = simd.splat(simd.sum(mean) / Self::WIDTH);
        let project = simd.splat(simd.sum(project) / Self::WIDTH);
        let scale = simd.splat(self.deviation);
        let mut square = zero;
        for j in 0..B {
            let normal = simd.load(&self.normal[j].0);
            let centred = simd.sub(simd.sub(delta[j], mean), simd.mul(normal, project));
            delta[j] = simd.mul(centred, scale);
            square = simd.add(square, simd.mul(delta[j], delta[j]));
        }
        let square = simd.sum(square) / Self::WIDTH;
        self.energy += (square - self.energy) * ENERGY_RATE;
        for &row in &self.active {
            let step = simd.splat(-row_rate / (self.energy + 1e-8).sqrt());
            for (w, &delta) in self.rows.at_mut(row as usize).iter_mut().zip(&delta) {
                let new = simd.add(simd.load(&w.0), simd.mul(step, delta));
                simd.store(&mut w.0, new);
            }
        }
    }
}

/// 1 where `x > 0`, else 0.
#[inline(always)]
fn positive<S: Simd>(simd: S, x: S::F) -> S::F {
    let big = simd.mul(simd.max(x, simd.splat(0.0)), simd.splat(1e30));
    simd.min(big, simd.splat(1.0))
}

/// Uniform noise for the first weights: splitmix64, spec/arithmetic.md §4.
struct Noise(u64);

impl Noise {
    /// A value in −scale ..= scale.
    fn next(&mut self, scale: f32) -> f32 {
        self.0 = self.0.wrapping_add(MULTIPLIER);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ x >> 31) >> 40) as f32 / 8_388_608.0 * scale - scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;

    #[test]
    fn a_network_that_diverged_still_predicts_a_number() {
        let mut network = Network::<1, false>::new(8);
        network.forward(Scalar);
        for (weight, want) in [(f32::NAN, -9.0), (f32::INFINITY, 9.0), (0.0, 0.0)] {
            network.head[1] = [Vector([weight; 16])];
            network.second = [Vector([1.0; 16])];
            assert_eq!(network.predict(Scalar, 1), want);
        }
    }
}
