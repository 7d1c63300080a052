//! The byte-level network: PEAR's fusion vectors as table look-ups.
//!
//! Every (position, byte) pair and every hashed n-gram has a row of `width` vectors.
//! The hidden vector is the sum of the active rows, normalised and rectified; in some
//! size classes one residual layer follows. Each node of the byte's binary tree has an
//! output row, so a bit costs one dot product. The forward pass stands beside the
//! backward pass.
//!
//! Normative text: spec/codec.md §5.6.

use super::array::Array;
use super::hash::MULTIPLIER;
use super::layout::{Inputs, Part};
use super::size::Size;
use crate::arith::memory::Table;
use crate::arith::{Simd, Vector};

/// Bytes of the past that have rows by position.
pub const POSITIONS: usize = 8;
/// Tables of hashed n-grams.
pub const NGRAMS: usize = 5;
/// Share of each new gradient in the running mean square.
pub const ENERGY_RATE: f32 = 0.002;
/// Learning rate of the output rows.
pub const HEAD_RATE: f32 = 0.02;
/// Learning rate of the residual layer.
pub const LAYER_RATE: f32 = 0.002;
/// Learning rate of the input rows.
pub const ROW_RATE: f32 = 0.02;

/// The network of a size class. `W` below is the class's `width`.
#[derive(Clone)]
pub struct Network<C: Size> {
    /// Input rows: positions first, then the n-gram tables. `[rows, W]`.
    rows: Table<C::Row>,
    /// Running mean square of the rows' gradient: it normalises their steps.
    energy: f32,
    /// Rows of one n-gram table, log2.
    log2_rows: u32,
    /// Rows active for the current byte.
    active: [u32; POSITIONS + NGRAMS],
    /// Weights of the residual layer, `[16·W inputs, W]`; empty without one.
    hidden: Vec<C::Row>,
    bias: C::Row,
    /// Output rows by partial byte, `[256, W]`.
    head: Vec<C::Row>,
    /// Normalised sum of the active rows.
    normal: C::Row,
    /// What that sum was multiplied by.
    deviation: f32,
    /// `normal`, rectified.
    first: C::Row,
    /// The residual layer before rectification.
    inner: C::Row,
    /// The hidden vector that the output rows see.
    second: C::Row,
    /// Gradient of the loss by `second`, gathered over the byte's bits.
    gradient: C::Row,
}

/// What the network predicts is known last, so that the other inputs do not wait.
impl<C: Size> Part<C> for Network<C> {
    const INPUTS: Inputs = Inputs::late();
}

impl<C: Size> Network<C> {
    /// Vectors of a row.
    const WIDTH: usize = C::SIZE.width;
    /// Numbers of a row.
    const NUMBERS: f32 = 16.0 * C::SIZE.width as f32;

    /// Makes a network with n-gram tables of `2^log2_rows` rows each.
    pub fn new(log2_rows: u32) -> Self {
        let count = POSITIONS * 256 + (NGRAMS << log2_rows);
        let mut noise = Noise(0x5045_4152);
        let mut rows = Table::<C::Row>::new(count.next_power_of_two().ilog2());
        for row in 0..POSITIONS * 256 {
            rows.at_mut(row)
                .iter_mut()
                .for_each(|vector| vector.0 = core::array::from_fn(|_| noise.next(0.1)));
        }
        let zero = C::Row::from_fn(|_| Vector::ZERO);
        let mut hidden = vec![zero; if C::SIZE.residual { 16 * Self::WIDTH } else { 0 }];
        for row in &mut hidden {
            row.iter_mut().for_each(|vector| vector.0 = core::array::from_fn(|_| noise.next(0.3)));
        }
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

    /// Selects the rows of the next byte: those of the last bytes, the newest in the low
    /// byte of `recent`, and one for each hash of an n-gram.
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

    /// Computes the hidden vector of the selected rows.
    #[inline(always)]
    pub fn forward<S: Simd>(&mut self, simd: S) {
        let zero = simd.splat(0.0);
        let mut sum = C::RowLanes::from_fn(|_| zero);
        for &row in &self.active {
            for (sum, vector) in sum.iter_mut().zip(self.rows.at(row as usize).iter()) {
                *sum = simd.add(*sum, simd.load(&vector.0));
            }
        }
        let mut total = zero;
        for &vector in sum.iter() {
            total = simd.add(total, vector);
        }
        let mean = simd.splat(simd.sum(total) / Self::NUMBERS);
        let mut square = zero;
        for vector in sum.iter_mut() {
            *vector = simd.sub(*vector, mean);
            square = simd.add(square, simd.mul(*vector, *vector));
        }
        self.deviation = 1.0 / (simd.sum(square) / Self::NUMBERS + 1e-5).sqrt();
        let scale = simd.splat(self.deviation);
        for (j, &vector) in sum.iter().enumerate() {
            let normal = simd.mul(vector, scale);
            simd.store(&mut self.normal[j].0, normal);
            simd.store(&mut self.first[j].0, simd.max(normal, zero));
        }
        self.gradient = C::Row::from_fn(|_| Vector::ZERO);
        if C::SIZE.residual {
            self.forward_layer(simd);
        } else {
            self.second = self.first;
        }
    }

    /// Computes the residual layer.
    #[inline(always)]
    fn forward_layer<S: Simd>(&mut self, simd: S) {
        let zero = simd.splat(0.0);
        let mut inner = C::RowLanes::from_fn(|j| simd.load(&self.bias[j].0));
        for (k, weights) in self.hidden.iter().enumerate() {
            let x = simd.splat(self.first[k / 16].0[k % 16]);
            for (inner, w) in inner.iter_mut().zip(weights.iter()) {
                *inner = simd.add(*inner, simd.mul(x, simd.load(&w.0)));
            }
        }
        for (j, &vector) in inner.iter().enumerate() {
            simd.store(&mut self.inner[j].0, vector);
            let out = simd.add(simd.load(&self.first[j].0), simd.max(vector, zero));
            simd.store(&mut self.second[j].0, out);
        }
    }

    /// Predicts the next bit, in the logistic domain. The result is a number whatever the
    /// weights have become: `clamp` would pass NaN on, whose bits differ among CPUs.
    #[allow(clippy::manual_clamp)]
    #[inline(always)]
    pub fn predict<S: Simd>(&mut self, simd: S, partial: u32) -> f32 {
        let mut sum = simd.splat(0.0);
        for (h, v) in self.second.iter().zip(self.head[partial as usize & 255].iter()) {
            sum = simd.add(sum, simd.mul(simd.load(&h.0), simd.load(&v.0)));
        }
        simd.sum(sum).max(-9.0).min(9.0)
    }

    /// Trains the output row of the bit and gathers the gradient behind it.
    /// `error` is `p − bit`.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, partial: u32, error: f32) {
        let (error, step) = (simd.splat(error), simd.splat(-error * HEAD_RATE));
        let row = &mut self.head[partial as usize & 255];
        for j in 0..Self::WIDTH {
            let v = simd.load(&row[j].0);
            let gradient = simd.add(simd.load(&self.gradient[j].0), simd.mul(error, v));
            simd.store(&mut self.gradient[j].0, gradient);
            let v = simd.add(v, simd.mul(step, simd.load(&self.second[j].0)));
            simd.store(&mut row[j].0, v);
        }
    }

    /// Trains the residual layer; returns the gradient behind it.
    #[inline(always)]
    fn backward_layer<S: Simd>(&mut self, simd: S) -> C::Row {
        let zero = simd.splat(0.0);
        let mut behind = C::Row::from_fn(|_| Vector::ZERO);
        let mut outer = C::RowLanes::from_fn(|_| zero);
        for j in 0..Self::WIDTH {
            // Rectifier: gradient passes where the inner value was positive.
            let open = positive(simd, simd.load(&self.inner[j].0));
            outer[j] = simd.mul(simd.load(&self.gradient[j].0), open);
            let step = simd.mul(outer[j], simd.splat(-LAYER_RATE));
            let bias = simd.add(simd.load(&self.bias[j].0), step);
            simd.store(&mut self.bias[j].0, bias);
        }
        for (k, weights) in self.hidden.iter_mut().enumerate() {
            let mut dot = zero;
            let x = self.first[k / 16].0[k % 16];
            let step = simd.splat(-LAYER_RATE * x);
            for (w, &outer) in weights.iter_mut().zip(outer.iter()) {
                let old = simd.load(&w.0);
                dot = simd.add(dot, simd.mul(old, outer));
                simd.store(&mut w.0, simd.add(old, simd.mul(step, outer)));
            }
            behind[k / 16].0[k % 16] = simd.sum(dot);
        }
        behind
    }

    /// Trains the residual layer and the active rows, after the last bit of a byte.
    #[inline(always)]
    pub fn backward<S: Simd>(&mut self, simd: S) {
        let zero = simd.splat(0.0);
        let behind = if C::SIZE.residual {
            self.backward_layer(simd)
        } else {
            C::Row::from_fn(|_| Vector::ZERO)
        };
        let mut delta = C::RowLanes::from_fn(|_| zero);
        let (mut mean, mut project) = (zero, zero);
        for j in 0..Self::WIDTH {
            let normal = simd.load(&self.normal[j].0);
            let sum = simd.add(simd.load(&self.gradient[j].0), simd.load(&behind[j].0));
            delta[j] = simd.mul(sum, positive(simd, normal));
            mean = simd.add(mean, delta[j]);
            project = simd.add(project, simd.mul(delta[j], normal));
        }
        let mean = simd.splat(simd.sum(mean) / Self::NUMBERS);
        let project = simd.splat(simd.sum(project) / Self::NUMBERS);
        let scale = simd.splat(self.deviation);
        let mut square = zero;
        for j in 0..Self::WIDTH {
            let normal = simd.load(&self.normal[j].0);
            let centred = simd.sub(simd.sub(delta[j], mean), simd.mul(normal, project));
            delta[j] = simd.mul(centred, scale);
            square = simd.add(square, simd.mul(delta[j], delta[j]));
        }
        let square = simd.sum(square) / Self::NUMBERS;
        self.energy += (square - self.energy) * ENERGY_RATE;
        for &row in &self.active {
            let step = simd.splat(-ROW_RATE / (self.energy + 1e-8).sqrt());
            for (w, &delta) in self.rows.at_mut(row as usize).iter_mut().zip(delta.iter()) {
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
impl<C: Size> std::hash::Hash for Network<C> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Network {
            rows,
            energy,
            log2_rows,
            active,
            hidden,
            bias,
            head,
            normal,
            deviation,
            first,
            inner,
            second,
            gradient,
        } = self;
        (0..rows.len()).for_each(|row| rows.at(row).as_ref().hash(state));
        hidden.iter().chain(head).for_each(|row| row.as_ref().hash(state));
        for row in [bias, normal, first, inner, second, gradient] {
            row.as_ref().hash(state);
        }
        (energy.to_bits(), log2_rows, active, deviation.to_bits()).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::lanes::Scalar;
    use crate::model::size::classes::Fast;

    #[test]
    fn a_network_that_diverged_still_predicts_a_number() {
        let mut network = Network::<Fast>::new(8);
        network.forward(Scalar);
        for (weight, want) in [(f32::NAN, -9.0), (f32::INFINITY, 9.0), (0.0, 0.0)] {
            network.head[1] = [Vector([weight; 16])];
            network.second = [Vector([1.0; 16])];
            assert_eq!(network.predict(Scalar, 1), want);
        }
    }
}
