//! Least squares: the weights that fit the last samples best, solved anew every few samples
//! from a covariance that forgets.
//!
//! Normative text: spec/codec.md §9.3.

/// Elements of one vector of the loops below.
const W: usize = 8;
/// A pivot must lie between these, or the weights stay as they are.
const PIVOTS: (f64, f64) = (1e-30, 1e60);
/// Share of a variance that is added to it.
const RELATIVE_RIDGE: f64 = 1e-9;

/// The products of two rows from element `from` on, a multiple of eight: summed in eight
/// lanes, and these by a fixed tree.
#[inline(always)]
fn product(a: &[f64], b: &[f64], from: usize) -> f64 {
    let mut sums = [0.0; W];
    let (a, b) = (a.as_chunks::<W>().0, b.as_chunks::<W>().0);
    for v in from / W..a.len() {
        for lane in 0..W {
            sums[lane] += a[v][lane] * b[v][lane];
        }
    }
    (sums[0] + sums[4] + (sums[2] + sums[6])) + (sums[1] + sums[5] + (sums[3] + sums[7]))
}

/// `to[j] −= factor · row[j]` from the vector of element `from` on. What lies before `from`
/// in this vector becomes meaningless.
#[inline(always)]
fn subtract(to: &mut [f64], row: &[f64], factor: f64, from: usize) {
    let (to, row) = (to.as_chunks_mut::<W>().0, row.as_chunks::<W>().0);
    for v in from / W..to.len() {
        for lane in 0..W {
            to[v][lane] -= factor * row[v][lane];
        }
    }
}

/// `row[j] = keep · row[j] + scaled · inputs[j]` from the vector of element `from` on.
#[inline(always)]
fn blend(row: &mut [f64], inputs: &[f64], keep: f64, scaled: f64, from: usize) {
    let (row, inputs) = (row.as_chunks_mut::<W>().0, inputs.as_chunks::<W>().0);
    for v in from / W..row.len() {
        for lane in 0..W {
            row[v][lane] = keep * row[v][lane] + scaled * inputs[v][lane];
        }
    }
}

/// A predictor of `N` inputs, a multiple of eight.
#[derive(Clone, Debug)]
pub struct Ols<const N: usize> {
    /// Upper triangle of the covariance of the inputs; what lies below is meaningless.
    covariance: Box<[[f64; N]; N]>,
    /// Covariance of inputs and samples.
    target: [f64; N],
    /// Rows of the Cholesky factor: the room for them.
    factor: Box<[[f64; N]; N]>,
    weights: [f64; N],
    inputs: [f64; N],
    /// Samples since the weights were solved.
    age: u32,
    /// Samples after which they are solved.
    interval: u32,
    /// What a sample leaves of the covariance.
    keep: f64,
    /// What is added to each variance.
    ridge: f64,
}

impl<const N: usize> Ols<N> {
    /// Makes a predictor that predicts 0 yet.
    pub fn new(interval: u32, keep: f64, ridge: f64) -> Self {
        Ols {
            covariance: Box::new([[0.0; N]; N]),
            target: [0.0; N],
            factor: Box::new([[0.0; N]; N]),
            weights: [0.0; N],
            inputs: [0.0; N],
            age: 0,
            interval,
            keep,
            ridge,
        }
    }

    /// Predicts a sample from `inputs`.
    #[inline(always)]
    pub fn predict(&mut self, inputs: &[f64; N]) -> f64 {
        self.inputs = *inputs;
        product(&self.weights, inputs, 0)
    }

    /// Learns the sample. Inputs that are all 0 teach nothing.
    #[inline(always)]
    pub fn update(&mut self, sample: f64) {
        let inputs = self.inputs;
        if inputs.iter().all(|&input| input == 0.0) {
            return;
        }
        let (keep, share) = (self.keep, 1.0 - self.keep);
        for i in 0..N {
            blend(&mut self.covariance[i], &inputs, keep, inputs[i] * share, i);
        }
        blend(&mut self.target, &inputs, keep, sample * share, 0);
        self.age += 1;
        if self.age >= self.interval {
            self.age = 0;
            self.solve();
        }
    }

    /// Solves the weights by a Cholesky factor. If the covariance is not positive, the
    /// weights stay.
    #[inline(always)]
    fn solve(&mut self) {
        *self.factor = *self.covariance;
        let mut weights = self.target;
        for (i, row) in self.factor.iter_mut().enumerate() {
            row[i] += row[i] * RELATIVE_RIDGE + self.ridge;
        }
        for k in 0..N {
            let (done, rest) = self.factor.split_at_mut(k + 1);
            let row = &mut done[k];
            let pivot = row[k];
            if !(pivot > PIVOTS.0 && pivot < PIVOTS.1) {
                return;
            }
            let scale = 1.0 / pivot.sqrt();
            for j in k..N {
                row[j] *= scale;
            }
            for i in k + 1..N {
                subtract(&mut rest[i - k - 1], row, row[i], i);
            }
            let solved = weights[k] * scale;
            let mut changed = weights;
            subtract(&mut changed, row, solved, k);
            weights[k + 1..].copy_from_slice(&changed[k + 1..]);
            weights[k] = solved;
        }
        for k in (0..N).rev() {
            let row = &self.factor[k];
            let whole = (k / W + 1) * W;
            let mut sum = product(row, &weights, whole);
            for j in k + 1..whole {
                sum += row[j] * weights[j];
            }
            weights[k] = (weights[k] - sum) / row[k];
        }
        self.weights = weights;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_a_recurrence_are_found() {
        let mut ols = Ols::<8>::new(1, 0.998, 1e-6);
        let mut past = [0.0; 8];
        let (mut seed, mut left) = (1u32, 0.0);
        for _ in 0..2000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 16) as f64 / 65_536.0 - 0.5;
            let sample = 1.6 * past[7] - 0.8 * past[6] + 100.0 * noise;
            left = ols.predict(&past) - (1.6 * past[7] - 0.8 * past[6]);
            ols.update(sample);
            past.rotate_left(1);
            past[7] = sample;
        }
        assert!(left.abs() < 10.0, "{left}");
    }

    #[test]
    fn inputs_that_say_the_same_are_no_division_by_zero() {
        let mut ols = Ols::<16>::new(1, 0.998, 0.001);
        for _ in 0..100 {
            assert!(ols.predict(&[-8_388_608.0; 16]).is_finite());
            ols.update(-8_388_608.0);
        }
        assert!((ols.predict(&[-8_388_608.0; 16]) + 8_388_608.0).abs() < 1.0);
    }
}
