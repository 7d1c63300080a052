//! Adaptive probability maps: the last correction, by context.
//!
//! A map holds, for each context, the probability at 24 points of the logistic
//! axis; between two points it interpolates, and both learn.
//!
//! Normative text: spec/codec.md §5.8.

use crate::arith::memory::Table;
use bytemuck::Zeroable;

/// Distance of two points on the logistic axis: 24 points, −8.05, −7.35 … 8.05.
const STEP: f32 = 0.7;

/// The points of one context, on one cache line.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
struct Row([u16; 32]);

/// One adaptive probability map.
#[derive(Debug)]
pub struct ProbabilityMap {
    /// `[contexts]`, probabilities of a one in 1/2^16.
    rows: Table<Row>,
    row: usize,
    point: usize,
    weight: f32,
}

impl ProbabilityMap {
    /// A map of `2^log2` contexts that changes nothing yet.
    pub fn new(log2: u32) -> ProbabilityMap {
        let mut rows = Table::new(log2);
        for context in 0..1 << log2 {
            *rows.at_mut(context) = Row(PRIOR);
        }
        ProbabilityMap { rows, row: 0, point: 0, weight: 0.0 }
    }

    /// Chooses the context of the next bit.
    #[inline(always)]
    pub fn choose(&mut self, context: usize) {
        self.row = context;
        self.rows.prefetch(context);
    }

    /// Refines the prediction `x` (logistic domain) in the chosen context.
    #[inline(always)]
    pub fn refine(&mut self, x: f32) -> f32 {
        let position = (x.clamp(-8.0, 8.0) + 8.05) * (1.0 / STEP);
        self.point = position as usize & 31;
        self.weight = position - self.point as f32;
        let row = &self.rows.at(self.row).0;
        let (below, above) = (row[self.point] as f32, row[(self.point + 1) & 31] as f32);
        (below + (above - below) * self.weight) * (1.0 / 65536.0)
    }

    /// Moves the nearer point used towards `bit` by 1/2^`shift`.
    #[inline(always)]
    pub fn update(&mut self, bit: u32, shift: u32) {
        let nearer = (self.point + (self.weight >= 0.5) as usize) & 31;
        let cell = &mut self.rows.at_mut(self.row).0[nearer];
        let target = bit as i32 * 65535;
        *cell = (*cell as i32 + ((target - *cell as i32) >> shift)) as u16;
    }
}

/// `65536 / (1 + e^−x)` at the points, rounded; the rest of the line is unused.
static PRIOR: [u16; 32] = [
    21, 42, 85, 170, 342, 685, 1366, 2693, 5206, 9702, 16989, 27091, 38445, 48547, 55834, 60330,
    62843, 64170, 64851, 65194, 65366, 65451, 65494, 65515, 0, 0, 0, 0, 0, 0, 0, 0,
];
