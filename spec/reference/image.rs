//! Codec image, written from codec.md §8 alone.

use super::{Apm, GOLDEN, RangeDecoder, Result, need, squash, stretch, sum, varint};
use std::collections::HashMap;

/// §8.3: the offsets of neighbours, in the order of `o`: rows up, pixels to the right.
const NEAR: [(usize, isize); 12] = [
    (0, -1),
    (1, 0),
    (1, -1),
    (1, 1),
    (0, -2),
    (2, 0),
    (2, 1),
    (1, 2),
    (1, -2),
    (2, -1),
    (0, -3),
    (1, 3),
];
const W: usize = 0;
const N: usize = 1;
const NW: usize = 2;
const NE: usize = 3;
const WW: usize = 4;
const NN: usize = 5;
const NNE: usize = 6;
const NEE: usize = 7;
const NWW: usize = 8;
const WWW: usize = 10;

/// §8.2
#[derive(Clone, Copy)]
struct Segment {
    samples: usize,
    planes: usize,
    width: usize,
    padding: usize,
    rows: usize,
}

/// §8.5: a sample of the pixel that was coded before.
#[derive(Clone, Copy, Default)]
struct Before {
    o: [i32; 12],
    value: i32,
    residual: i32,
}

#[derive(Clone, Copy)]
struct Known {
    set: usize,
    plane: usize,
    o: [i32; 12],
    e: [i32; 12],
    before: [Before; 3],
    linear: [i32; 2],
}

/// §8.4
#[derive(Clone)]
struct Linear {
    products: [[f32; 16]; 16],
    answers: [f32; 16],
    weights: [f32; 16],
    keep: f32,
    left: usize,
}

/// §8.6.1: a probability in 1/2^22 and uses.
#[derive(Clone, Copy)]
struct Cell {
    p: u32,
    uses: u32,
}

impl Default for Cell {
    fn default() -> Cell {
        Cell { p: 1 << 21, uses: 0 }
    }
}

impl Cell {
    fn p(self) -> f32 {
        (self.p as f32 + 0.5) * (1.0 / 4_194_304.0)
    }

    fn update(&mut self, bit: u32, limit: u32) {
        let (one, p) = (4_194_304.0, self.p as f32);
        let p = p + (bit as f32 * one - p) * (1.0 / (self.uses as f32 + 1.5));
        self.p = p.max(64.0).min(one - 64.0) as u32;
        self.uses = (self.uses + 1).min(limit);
    }
}

/// §8.6.2
#[derive(Clone, Copy, Default)]
struct Slot {
    check: u32,
    cells: [Cell; 16],
}

/// §8.7
struct Mixer {
    sets: Vec<Vec<[f32; 80]>>,
    last: Vec<[f32; 16]>,
}

struct Engine {
    full: bool,
    linear: Vec<Vec<Linear>>,
    distances: HashMap<(usize, usize, i32, usize, usize), Cell>,
    slots: HashMap<usize, Slot>,
    slots_log2: u32,
    meanings: HashMap<(usize, usize, u32), Cell>,
    mixer: Mixer,
    apms: [Apm; 2],
    padding: [i32; 256],
    count: u32,
}

/// §8.2: the `length` bytes of a group.
pub fn decode(payload: &[u8], model: u16, length: usize) -> Result<Vec<u8>> {
    need(model == 1 || model == 2, "8.1: model")?;
    let (count, mut at) = varint(payload, 0)?;
    let mut number = || -> Result<usize> {
        let (value, end) = varint(payload, at)?;
        at = end;
        Ok(value)
    };
    need(count <= 1 << 16, "8.2: segments")?;
    let (mut segments, mut left) = (Vec::new(), length);
    let around = |segments: &mut Vec<Segment>, bytes: usize| {
        let rows = |width, rows| Segment { samples: 1, planes: 1, width, padding: 0, rows };
        segments.push(rows(4096, bytes / 4096));
        segments.push(rows(bytes % 4096, usize::from(!bytes.is_multiple_of(4096))));
    };
    for _ in 0..count {
        let gap = number()?;
        let [samples, planes, width, padding, rows] =
            [number()?, number()?, number()?, number()?, number()?];
        let most = [4, 1, 4, 4];
        need(samples < 4 && (1..=most[samples]).contains(&planes), "8.2: samples")?;
        need(width > 0 && width.saturating_mul(planes) <= 1 << 18, "8.2: width")?;
        need(padding <= 1 << 16 && rows > 0, "8.2: rows")?;
        let row = width * planes * if samples > 1 { 2 } else { 1 } + padding;
        let bytes = row.checked_mul(rows).and_then(|bytes| bytes.checked_add(gap));
        left = bytes.and_then(|bytes| left.checked_sub(bytes)).ok_or("8.2: length")?;
        around(&mut segments, gap);
        segments.push(Segment { samples, planes, width, padding, rows });
    }
    around(&mut segments, left);
    let code = &payload[at..];
    let mut coder = RangeDecoder::new(code);
    let mut engine = Engine::new(model == 2);
    let mut raw = Vec::new();
    for segment in segments {
        engine.picture(segment, &mut coder, &mut raw, code.len())?;
    }
    let end = [code.len(), code.len() + 3].contains(&coder.read);
    need(length == 0 || end, "4.3: the end")?;
    Ok(raw)
}

fn usual(o: &[i32; 12]) -> f32 {
    (o[W] + o[N]) as f32 * 0.5
}

/// §8.4: the inputs, and the base.
fn stencil(o: &[i32; 12], before: &[Before; 3], plane: usize) -> ([f32; 16], f32) {
    let mut inputs = Vec::new();
    let base = usual(o);
    inputs.extend(o[..[12, 9, 6, 6][plane]].iter().map(|&x| x as f32 - base));
    for b in &before[..plane.min(2)] {
        let base = usual(&b.o);
        let others = [b.value, b.o[W], b.o[N], b.o[NW], b.o[NE], b.o[WW], b.o[NN]];
        let count = if plane == 1 { 7 } else { 5 };
        inputs.extend(others[..count].iter().map(|&x| x as f32 - base));
    }
    inputs.resize(16, 0.0);
    (inputs.try_into().unwrap(), base)
}

impl Linear {
    fn new(keep: f32, every: usize) -> Linear {
        let (products, answers, weights) = ([[0.0; 16]; 16], [0.0; 16], [0.0; 16]);
        Linear { products, answers, weights, keep, left: every }
    }

    fn predict(&self, inputs: &[f32; 16]) -> f32 {
        sum((0..16).map(|k| inputs[k] * self.weights[k]))
    }

    fn learn(&mut self, inputs: &[f32; 16], sample: f32, every: usize) {
        for i in 0..16 {
            for k in 0..16 {
                self.products[i][k] = self.products[i][k] * self.keep + inputs[k] * inputs[i];
            }
            self.answers[i] = self.answers[i] * self.keep + inputs[i] * sample;
        }
        self.left -= 1;
        if self.left == 0 {
            self.left = every;
            if let Some(weights) = self.solve() {
                self.weights = weights;
            }
        }
    }

    fn solve(&self) -> Option<[f32; 16]> {
        let (mut m, mut right) = (self.products, self.answers);
        (0..16).for_each(|i| m[i][i] += 2.0);
        let mut inverse = [0.0; 16];
        for k in 0..16 {
            if m[k][k].is_nan() || m[k][k] <= 1e-3 {
                return None;
            }
            inverse[k] = 1.0 / m[k][k];
            for i in k + 1..16 {
                let factor = m[i][k] * inverse[k];
                for j in 0..16 {
                    m[i][j] -= factor * m[k][j];
                }
                right[i] -= factor * right[k];
            }
        }
        let mut weights = [0f32; 16];
        for k in (0..16).rev() {
            let mut value = right[k];
            for j in k + 1..16 {
                value -= m[k][j] * weights[j];
            }
            weights[k] = value * inverse[k];
        }
        weights.iter().all(|w| w.abs() < 100.0).then_some(weights)
    }
}

fn class(value: i32) -> i32 {
    let thresholds = [1, 3, 6, 10, 15, 21, 29, 40, 54, 72, 96, 130, 180, 260, 400];
    thresholds.iter().filter(|&&threshold| value >= threshold).count() as i32
}

fn quarter(value: i32) -> i32 {
    [2, 8, 24].iter().filter(|&&threshold| value.abs() >= threshold).count() as i32
}

fn signed(value: i32) -> i32 {
    let class = [1, 4, 12].iter().filter(|&&threshold| value.abs() >= threshold).count() as i32;
    if value < 0 { 3 - class } else { 4 + class }
}

fn eighths(value: i32) -> i32 {
    value.clamp(0, 255) * 8
}

fn distance_class(distance: i32) -> usize {
    let edges = [
        1, 3, 5, 7, 10, 13, 17, 21, 26, 32, 38, 45, 53, 62, 72, 84, 98, 114, 132, 152, 176, 204,
        240, 280, 330, 390, 470, 570, 700, 900, 1200,
    ];
    let side = edges.iter().filter(|&&edge| distance.abs() >= edge).count();
    if distance < 0 { 31 - side } else { 32 + side }
}

fn hash(number: usize, set: usize, values: &[i32]) -> u32 {
    let mut hash = ((number * 16 + set + 1) as u32).wrapping_mul(GOLDEN);
    for &value in values {
        hash = (hash ^ value as u32).wrapping_mul(0x2F0B_4C47);
        hash ^= hash >> 15;
    }
    hash.wrapping_mul(GOLDEN)
}

impl Known {
    /// §8.5.1
    fn high(&self) -> Known {
        let change = |o: [i32; 12]| o.map(|x| x >> 8);
        let before = self.before.map(|b| Before {
            o: change(b.o),
            value: b.value >> 8,
            residual: b.residual / 256,
        });
        let (o, e) = (change(self.o), self.e.map(|e| e >> 5));
        Known { set: 6, o, e, before, linear: self.linear.map(|x| (x >> 8).min(2040)), ..*self }
    }

    fn low(&self, above: i32) -> Known {
        let change = |o: [i32; 12], above: i32| o.map(|x| (x - above).clamp(0, 255));
        let before = self.before.map(|b| Before {
            o: change(b.o, b.value & !255),
            value: b.value & 255,
            residual: b.residual.clamp(-255, 255),
        });
        let (o, e) = (change(self.o, above), self.e.map(|e| e.min(255)));
        let linear = self.linear.map(|x| (x - above * 8).clamp(0, 2040));
        Known { set: 7, o, e, before, linear, ..*self }
    }

    /// §8.5.2
    fn energy(&self) -> i32 {
        let e = &self.e;
        class((2 * (e[W] + e[N]) + e[NW] + e[NE] + e[WW] + e[NN]) / 2)
    }

    fn others(&self) -> i32 {
        let o = &self.o;
        match self.plane {
            0 => {
                let across = (o[W] - o[NW]).abs() + (o[N] - o[NE]).abs();
                quarter(across) * 4 + quarter(o[W] - o[NW] + o[N] - o[NN])
            }
            _ => signed(self.before[0].residual) * 8 + signed(self.before[1].residual),
        }
    }

    /// §8.5.3: predictions and their contexts.
    fn predictions(&self) -> [(i32, i32); 16] {
        let (o, e, [a, b, _]) = (&self.o, &self.e, &self.before);
        let energy = self.energy();
        let [p, fast] = self.linear;
        let gradient_of = |o: &[i32; 12]| o[W] + o[N] - o[NW];
        let gradient = gradient_of(o);
        let across = (o[W] - o[NW]).abs() + (o[N] - o[NE]).abs();
        let down = quarter(o[W] - o[NW] + o[N] - o[NN]);
        let spread = class(across + (o[N] - o[NW]).abs());
        let (of_a, of_b) = (class(4 * a.residual.abs()), class(4 * b.residual.abs()));
        let texture = (0..6).map(|k| ((o[k] > p >> 3) as i32) << k).sum();
        let median = gradient.clamp(o[W].min(o[N]), o[W].max(o[N]));
        let by_plane = |first: [(i32, i32); 3], later: [(i32, i32); 3]| {
            if self.plane == 0 { first } else { later }
        };
        let [third, fourth, seventh] = by_plane(
            [
                (
                    ((2 * (o[W] + o[N]) + o[NE] - o[NW]) * 2).clamp(0, 2040),
                    spread * 4 + quarter(e[W]),
                ),
                (eighths(o[WW] + o[N] - o[NWW]), energy * 4 + quarter(across)),
                (eighths(2 * o[W] - o[WW]), energy * 4 + down),
            ],
            [
                (eighths(o[W] + a.value - a.o[W]), of_a * 4 + quarter(e[W] + e[N])),
                (eighths(o[N] + a.value - a.o[N]), energy * 4 + quarter(a.residual)),
                (eighths(gradient + a.value - gradient_of(&a.o)), of_a * 4 + quarter(b.residual)),
            ],
        );
        let [eleventh, twelfth] = match self.plane {
            0 => [
                (eighths(o[NE]), spread * 4 + quarter(e[NE])),
                (eighths(o[NW]), spread * 4 + quarter(e[NW])),
            ],
            1 => [
                (eighths(o[NE] + a.value - a.o[NE]), spread * 4 + quarter(e[NE])),
                (eighths(o[NW] + a.value - a.o[NW]), spread * 4 + quarter(e[NW])),
            ],
            _ => {
                let change = a.value + b.value - gradient_of(&a.o) - gradient_of(&b.o);
                [
                    (eighths(o[W] + b.value - b.o[W]), of_b * 4 + quarter(a.residual)),
                    (eighths(gradient + change / 2), of_b * 4 + quarter(e[W])),
                ]
            }
        };
        [
            (p, energy * 4 + quarter(a.residual)),
            (p, texture),
            (p, signed(a.residual) * 8 + signed(b.residual)),
            third,
            fourth,
            (eighths(o[W]), class(2 * (o[W] - o[N]).abs()) * 4 + quarter(o[W] - o[WW])),
            (eighths(o[N]), class(2 * (o[N] - o[NN]).abs()) * 4 + quarter(o[N] - o[NE])),
            seventh,
            (p, spread * 4 + down),
            (fast, energy * 4 + quarter(e[W])),
            (eighths(median), spread * 4 + quarter(e[N])),
            eleventh,
            twelfth,
            (eighths(o[W] + o[NE] - o[N]), spread * 4 + quarter(e[W])),
            (eighths(o[N] + o[NE] - o[NNE]), spread * 4 + quarter(e[NE])),
            (eighths(gradient), energy * 4 + quarter(e[W])),
        ]
    }

    /// §8.5.4
    fn hashes(&self) -> [u32; 16] {
        let (o, s, [a, b, c]) = (&self.o, self.set, &self.before);
        let whole = |k: usize| o[k] | a.o[k] << 8 | b.o[k] << 16 | c.o[k] << 24;
        let [w, n, nw, ne, ww, nn, www, nee] = [W, N, NW, NE, WW, NN, WWW, NEE].map(whole);
        let known = a.value | b.value << 8 | c.value << 16;
        let (at_w, at_n) = (a.value - a.o[W], a.value - a.o[N]);
        let gradient = o[W] + o[N] - o[NW];
        let median = gradient.clamp(o[W].min(o[N]), o[W].max(o[N]));
        [
            hash(0, s, &[w, known]),
            hash(1, s, &[n, known]),
            hash(2, s, &[w, n, known]),
            hash(3, s, &[w, n, nw, ne, known]),
            hash(4, s, &[known]),
            hash(5, s, &[w, ww, known]),
            hash(6, s, &[w, n, ne, nee, nw, ww, www, nn, known]),
            hash(7, s, &[o[W], o[N], at_w, at_n]),
            hash(8, s, &[w, n, nw, known]),
            hash(9, s, &[w, n, nw, ne, ww, nn, known]),
            hash(10, s, &[n, ne, known]),
            hash(11, s, &[self.linear[0] >> 3, self.energy()]),
            hash(12, s, &[median, at_w]),
            hash(13, s, &[gradient, o[W] - o[NW]]),
            hash(14, s, &[o[W] >> 2, o[N] >> 2, o[NW] >> 2, o[NE] >> 2, known]),
            hash(15, s, &[n, nn, known]),
        ]
    }
}

impl Engine {
    fn new(full: bool) -> Engine {
        let (every, slots_log2, mixers) = if full { (4, 18, 6) } else { (8, 17, 3) };
        let linear = vec![[0.998, 0.98].map(|keep| Linear::new(keep, every)).to_vec(); 8];
        let sizes = [1024, 2048, 512, 64, 512, 1024];
        let sets = sizes[..mixers].iter().map(|&size| vec![[0.15; 80]; size]).collect();
        let mut share = [0.0; 16];
        share[..mixers].fill(1.0 / mixers as f32);
        Engine {
            full,
            linear,
            distances: HashMap::new(),
            slots: HashMap::new(),
            slots_log2,
            meanings: HashMap::new(),
            mixer: Mixer { sets, last: vec![share; 64] },
            apms: [Apm::new(11), Apm::new(12)],
            padding: [1 << 15; 256],
            count: 0,
        }
    }

    /// §8.3
    fn picture(
        &mut self,
        segment: Segment,
        coder: &mut RangeDecoder,
        raw: &mut Vec<u8>,
        code: usize,
    ) -> Result<()> {
        let Segment { samples, planes, width, padding, rows } = segment;
        let fresh = || vec![vec![(0i32, 0i32); planes]; width + 8];
        let mut kept = [fresh(), fresh(), fresh()];
        let order: &[usize] = [&[0][..], &[1, 0], &[1, 0, 2], &[3, 1, 0, 2]][planes - 1];
        for y in 0..rows {
            for x in 0..width {
                let mut before = [Before::default(); 3];
                let mut pixel = [0; 4];
                for plane in 0..planes {
                    let look = |(up, right): (usize, isize)| {
                        kept[up][(x as isize + 4 + right) as usize][plane]
                    };
                    let (o, e) = (NEAR.map(|at| look(at).0), NEAR.map(|at| look(at).1));
                    let (value, error, residual) =
                        self.sample(samples, planes, plane, o, e, &before, coder);
                    kept[0][x + 4][plane] = (value, error);
                    if y == 0 {
                        for (row, pixel) in (1..3).flat_map(|row| [1, 2, 3].map(|p| (row, p))) {
                            kept[row][x + 4 + pixel][plane] = (value, error);
                        }
                    }
                    before = [Before { o, value, residual }, before[0], before[1]];
                    pixel[order[plane]] = value;
                }
                for value in &pixel[..planes] {
                    match samples {
                        2 => raw.extend((*value as u16).to_le_bytes()),
                        3 => raw.extend((*value as u16).to_be_bytes()),
                        _ => raw.push(*value as u8),
                    }
                }
            }
            for _ in 0..padding {
                raw.push(self.pad(coder));
            }
            need(coder.read <= code + 4, "4.3: cut short")?;
            for k in 0..4 {
                kept[0][width + 4 + k] = kept[0][width + 3].clone();
            }
            kept.rotate_right(1);
            for k in 0..4 {
                kept[0][k] = kept[1][4].clone();
            }
        }
        Ok(())
    }

    fn pad(&mut self, coder: &mut RangeDecoder) -> u8 {
        let mut partial = 1;
        for _ in 0..8 {
            let p = &mut self.padding[partial];
            let bit = coder.bit(*p as u32);
            *p += (if bit == 1 { 65_535 } else { 1 } - *p) >> 4;
            partial = partial << 1 | bit as usize;
        }
        partial as u8
    }

    /// §8.4, §8.5: the sample, its error and its residual.
    #[allow(clippy::too_many_arguments)]
    fn sample(
        &mut self,
        samples: usize,
        planes: usize,
        plane: usize,
        o: [i32; 12],
        e: [i32; 12],
        before: &[Before; 3],
        coder: &mut RangeDecoder,
    ) -> (i32, i32, i32) {
        let set = match (samples, planes) {
            (1, _) => 5,
            (0, 1) => 4,
            _ => plane,
        };
        let most = if samples > 1 { 65_535.0 } else { 255.0 };
        let (inputs, base) = stencil(&o, before, plane);
        let mut linear = [0, 1].map(|k| base + self.linear[set][k].predict(&inputs));
        linear = linear.map(|x| x.clamp(0.0, most));
        if !self.full {
            linear[1] = linear[0];
        }
        let known =
            Known { set, plane, o, e, before: *before, linear: linear.map(|x| (x * 8.0) as i32) };
        let value = if samples > 1 {
            let high = self.byte(&known.high(), coder);
            high << 8 | self.byte(&known.low(high << 8), coder)
        } else {
            self.byte(&known, coder)
        };
        let every = if self.full { 4 } else { 8 };
        for k in 0..1 + self.full as usize {
            self.linear[set][k].learn(&inputs, value as f32 - base, every);
        }
        let residual = value - (linear[0] + 0.5) as i32;
        (value, residual.abs(), residual)
    }

    /// §8.6 to §8.8
    fn byte(&mut self, known: &Known, coder: &mut RangeDecoder) -> i32 {
        let (set, predictions, hashes) = (known.set, known.predictions(), known.hashes());
        let half = if self.full { 16 } else { 8 };
        let rate = 0.002 + 0.02 * (8192.0 / (8192.0 + self.count as f32));
        let (mut partial, mut slots) = (1u32, [0; 16]);
        for bit in 0..8usize {
            if bit % 4 == 0 {
                for lane in 0..half {
                    slots[lane] = self.select(hashes[lane], partial);
                }
            }
            let middle = (((partial << (8 - bit) & 255) + (128 >> bit)) as i32) * 8 - 4;
            let near: Vec<_> = (0..half)
                .map(|lane| {
                    let (prediction, context) = predictions[lane];
                    (lane, set, context, bit, distance_class(middle - prediction))
                })
                .collect();
            let node = (1 << (bit % 4) | partial & ((1 << (bit % 4)) - 1)) as usize;
            let near_cells: Vec<Cell> =
                near.iter().map(|at| self.distances.get(at).copied().unwrap_or_default()).collect();
            let hashed: Vec<Cell> =
                slots[..half].iter().map(|at| self.slots[at].cells[node]).collect();
            let mut inputs = [0f32; 80];
            let (mut seen, mut meant) = (0, Vec::new());
            let mut put = |vector: usize, lane: usize, cell: Cell, scaled: usize| {
                inputs[16 * vector + lane] = stretch(cell.p());
                if scaled > 0 {
                    inputs[16 * scaled + lane] = (cell.p() - 0.5) * 4.0;
                }
            };
            for lane in 0..half {
                put(0, lane, near_cells[lane], 1);
                if self.full {
                    put(2, lane, hashed[lane], 0);
                    let starts = [1, 1, 2, 3, 5, 7, 11];
                    let uses = starts.iter().filter(|&&uses| hashed[lane].uses >= uses).count();
                    let class = (uses as u32) << 5 | hashed[lane].p >> 17;
                    seen += (hashed[lane].uses > 0) as usize;
                    let at = (set, lane, class);
                    put(3, lane, self.meanings.get(&at).copied().unwrap_or_default(), 4);
                    meant.push(at);
                } else {
                    put(0, 8 + lane, hashed[lane], 1);
                }
            }
            let vectors = if self.full { 5 } else { 2 };
            inputs[16 * vectors - 1] = 0.4;
            let nearest = near[0].4;
            let so_far = partial as usize;
            let selected = [
                (set * 16 + known.energy() as usize) * 8 + bit,
                set * 256 + so_far,
                nearest * 8 + bit,
                set * 8 + bit,
                known.others() as usize * 8 + bit,
                (set * 16 + seen.min(15)) * 8 + bit,
            ];
            let mut outputs = [0f32; 16];
            for (k, sets) in self.mixer.sets.iter().enumerate() {
                let weights = &sets[selected[k]];
                let product = (0..16 * vectors).map(|i| inputs[i] * weights[i]);
                outputs[k] = sum(product).clamp(-11.5, 11.5);
            }
            let last = &mut self.mixer.last[set * 8 + bit];
            let x = sum((0..16).map(|k| outputs[k] * last[k])).clamp(-11.5, 11.5);
            let mixed = squash(x);
            let refined = self.apms[0].refine(set * 256 + so_far, x)
                + self.apms[1].refine((set * 64 + nearest) * 8 + bit, x);
            let p = mixed * 0.5 + refined * 0.25;
            let value = coder.bit(((p * 65536.0) as u32).clamp(1, 65535));
            let target = value as f32;
            let step = (target - mixed) * 0.002;
            (0..16).for_each(|k| last[k] += step * outputs[k]);
            for (k, sets) in self.mixer.sets.iter_mut().enumerate() {
                let step = (target - squash(outputs[k])) * rate;
                let weights = &mut sets[selected[k]];
                (0..16 * vectors).for_each(|i| weights[i] += step * inputs[i]);
            }
            self.apms.iter_mut().for_each(|apm| apm.update(value));
            for lane in 0..half {
                self.distances.entry(near[lane]).or_default().update(value, 255);
            }
            for lane in 0..half {
                let mut cell = hashed[lane];
                cell.update(value, 255);
                self.slots.get_mut(&slots[lane]).unwrap().cells[node] = cell;
            }
            for at in meant {
                self.meanings.entry(at).or_default().update(value, 1000);
            }
            partial = partial << 1 | value;
        }
        self.count = self.count.saturating_add(1);
        (partial & 255) as i32
    }

    /// §8.6.2: the slot of a half of a byte.
    fn select(&mut self, hash: u32, partial: u32) -> usize {
        let hash = hash.wrapping_add(partial.wrapping_mul(0x27D4_EB4F)).wrapping_mul(GOLDEN);
        let first = (hash >> 8) as usize & ((1 << self.slots_log2) - 1);
        let check = hash.wrapping_mul(GOLDEN) | 1;
        let second = first ^ 1;
        for at in [first, second] {
            if self.slots.get(&at).is_some_and(|slot| slot.check == check) {
                return at;
            }
        }
        let uses = |at| self.slots.get(&at).map_or(0, |slot| slot.cells[1].uses);
        let at = if uses(first) <= uses(second) { first } else { second };
        self.slots.insert(at, Slot { check, cells: Default::default() });
        at
    }
}
