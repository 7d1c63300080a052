//! APM stages (adaptive probability maps, SSE): the last correction, by context.
//!
//! A stage holds, for each context, the probability at 24 points of the logistic
//! axis. It interpolates between two points, and both learn by their share. A context
//! that was used seldom learns fast. Points have sixteen bits, too coarse for the small
//! steps near 0 and 1, so updates round stochastically, with a deterministic dither.
//!
//! Normative text: spec/codec.md §5.8.

use super::array::Array;
use super::hash::GOLDEN;
use super::size::Size;
use crate::arith::memory::Table;
use bytemuck::Zeroable;

/// Distance of two points on the logistic axis: 24 points, −8.05, −7.35 … 8.05.
const STEP: f32 = 0.7;
/// Element of the points that is their learning rate, in 1/2^16.
const RATE_AT: usize = 24;
/// The learning rate at first: 1/6.
pub const APM_RATE_FIRST: u16 = 10_923;
/// Each use takes this share of the rate's square, in 1/2^16, so that the rate is about
/// 1 / (6 + 0.08 · uses).
pub const APM_RATE_FALL: u32 = 5_243;
/// The smallest rate: 1/64.
pub const APM_RATE_LAST: u32 = 1_024;
/// Weight of the stages against the mixed probability.
pub const APM_WEIGHT: f32 = 0.8;

/// The points of one context and its learning rate, on one cache line; the rest
/// is unused.
#[derive(Clone, Copy, Debug, Zeroable)]
#[cfg_attr(test, derive(Hash))]
#[repr(C, align(64))]
struct Points([u16; 32]);

impl Points {
    /// Points that change nothing yet.
    fn fresh() -> Points {
        let mut points = Points([0; 32]);
        points.0[..RATE_AT].copy_from_slice(&POINTS);
        points.0[RATE_AT] = APM_RATE_FIRST;
        points
    }
}

/// One adaptive probability map.
#[derive(Clone, Debug)]
pub struct Apm {
    /// Probabilities of a one, in 1/2^16.
    contexts: Table<Points>,
    /// The selected context.
    context: usize,
    point: usize,
    weight: f32,
    /// Uniform bits, which decide how the next update rounds.
    dither: u32,
}

impl Apm {
    /// Makes a map of `2^log2` contexts that changes nothing yet.
    pub fn new(log2: u32) -> Apm {
        let mut contexts = Table::new(log2);
        for context in 0..1 << log2 {
            *contexts.at_mut(context) = Points::fresh();
        }
        Apm { contexts, context: 0, point: 0, weight: 0.0, dither: 0 }
    }

    /// Selects the context of the next bit.
    #[inline(always)]
    pub fn select(&mut self, context: usize) {
        self.context = context;
        self.contexts.prefetch(context);
    }

    /// Returns the probability for prediction `x` (logistic domain) in the selected context.
    #[inline(always)]
    pub fn refine(&mut self, x: f32) -> f32 {
        let position = (x.clamp(-8.0, 8.0) + 8.05) * (1.0 / STEP);
        self.point = position as usize & 31;
        self.weight = position - self.point as f32;
        let points = &self.contexts.at(self.context).0;
        let (below, above) = (points[self.point] as f32, points[(self.point + 1) & 31] as f32);
        (below + (above - below) * self.weight) * (1.0 / 65536.0)
    }

    /// Moves the two points used towards `bit`, each by its share of the rate.
    #[inline(always)]
    pub fn update(&mut self, bit: u32) {
        let points = &mut self.contexts.at_mut(self.context).0;
        let rate = points[RATE_AT] as u32;
        let fall = scaled(scaled(rate, rate), APM_RATE_FALL);
        points[RATE_AT] = (rate - fall).max(APM_RATE_LAST) as u16;
        let target = bit as i32 * 65535;
        let above = (self.weight * 65536.0) as u32;
        self.dither = self.dither.wrapping_add(GOLDEN);
        let dither = (self.dither >> 16) as i32;
        for (point, share) in [(self.point, 65536 - above), (self.point + 1, above)] {
            let cell = &mut points[point & 31];
            let step = scaled(rate, share) as i32;
            let change = ((target - *cell as i32) * step + dither) >> 16;
            *cell = (*cell as i32 + change) as u16;
        }
    }
}

/// The stages of a size class: each corrects the mixed probability, and they are averaged.
#[derive(Clone)]
pub struct ApmStages<C: Size>(C::PerApmStage<Apm>);

impl<C: Size> ApmStages<C> {
    /// Makes stages of `2^log2` contexts each that change nothing yet.
    pub fn new(log2: u32) -> ApmStages<C> {
        ApmStages(Array::from_fn(|_| Apm::new(log2)))
    }

    /// Selects the context of each stage for the next bit.
    #[inline(always)]
    pub fn select(&mut self, contexts: &[usize]) {
        for (stage, &context) in self.0.iter_mut().zip(contexts) {
            stage.select(context);
        }
    }

    /// Returns the corrected probability of a bit that was mixed to `x` in the logistic
    /// domain, as a probability `mixed`.
    #[inline(always)]
    pub fn refine(&mut self, x: f32, mixed: f32) -> f32 {
        if C::SIZE.apm_stages == 0 {
            return mixed;
        }
        let mut refined = 0.0;
        for stage in self.0.iter_mut() {
            refined += stage.refine(x);
        }
        mixed * (1.0 - APM_WEIGHT) + refined * (APM_WEIGHT / C::SIZE.apm_stages as f32)
    }

    /// Learns the bit.
    #[inline(always)]
    pub fn update(&mut self, bit: u32) {
        for stage in self.0.iter_mut() {
            stage.update(bit);
        }
    }
}

/// The product of two numbers in 1/2^16.
#[inline(always)]
fn scaled(a: u32, b: u32) -> u32 {
    (a * b) >> 16
}

/// First values of the points: `65536 / (1 + e^−x)`, rounded.
pub static POINTS: [u16; 24] = [
    21, 42, 85, 170, 342, 685, 1366, 2693, 5206, 9702, 16989, 27091, 38445, 48547, 55834, 60330,
    62843, 64170, 64851, 65194, 65366, 65451, 65494, 65515,
];

#[cfg(test)]
impl<C: Size> std::hash::Hash for ApmStages<C> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for Apm { contexts, context, point, weight, dither } in self.0.iter() {
            (contexts, context, point, weight.to_bits(), dither).hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_points_move_by_their_share_and_no_other() {
        let mut map = Apm::new(8);
        // A quarter of the way from point 11, 27091, to point 12, 38445.
        let before = map.refine(-8.05 + 11.25 * STEP);
        assert!((before - 29_929.5 / 65_536.0).abs() < 0.001);
        map.update(1);
        let row = map.contexts.at(0).0;
        let moved = |point: usize| (row[point] - POINTS[point]) as f32;
        assert!((moved(11) - (65_535.0 - 27_091.0) / 6.0 * 0.75).abs() < 4.0);
        assert!((moved(12) - (65_535.0 - 38_445.0) / 6.0 * 0.25).abs() < 4.0);
        assert_eq!([&row[..11], &row[13..24]], [&POINTS[..11], &POINTS[13..24]]);
    }

    #[test]
    fn the_rate_of_a_context_falls_to_a_64th_and_stays() {
        let mut map = Apm::new(8);
        let mut rates = Vec::new();
        for _ in 0..2_000 {
            rates.push(map.contexts.at(0).0[RATE_AT] as u32);
            map.refine(0.0);
            map.update(0);
        }
        assert!(rates.is_sorted_by(|a, b| a >= b));
        assert_eq!([rates[0], rates[1_000], rates[1_999]], [65_536 / 6 + 1, 1_024, 1_024]);
        assert_eq!(map.contexts.at(1).0, Points::fresh().0, "each context has its own");
    }

    #[test]
    fn rounding_does_not_stop_a_point_short_of_its_goal() {
        let mut map = Apm::new(8);
        for (bit, goal) in [(0, 0.0), (1, 1.0)] {
            for _ in 0..4_000 {
                map.refine(0.0);
                map.update(bit);
            }
            assert!((map.refine(0.0) - goal).abs() < 4.0 / 65_536.0, "towards {bit}");
        }
        // One bit in 4,000 is a one: steps down of a 64th of 16 would round to none.
        for n in 0..40_000 {
            map.refine(0.0);
            map.update((n % 4_000 == 0) as u32);
        }
        assert!(map.refine(0.0) * 65_536.0 < 40.0, "{}", map.refine(0.0) * 65_536.0);
    }

    #[test]
    fn no_point_leaves_its_range() {
        let mut map = Apm::new(8);
        for (x, bit) in [(-20.0, 0), (20.0, 1), (-20.0, 1), (20.0, 0)] {
            (0..20_000).for_each(|_| {
                assert!((0.0..=1.0).contains(&map.refine(x)));
                map.update(bit);
            });
            assert!((map.refine(x) - bit as f32).abs() < 0.01);
        }
    }
}
