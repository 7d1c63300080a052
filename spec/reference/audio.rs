//! Codec audio: §2.6 and §8 of codec.md.

use super::{Apm, GOLDEN, RangeDecoder, Result, ln, need, squash, stretch, sum, varint};

/// §2.6: a segment.
#[derive(Clone, Copy)]
struct Segment {
    gap: usize,
    frames: usize,
    channels: usize,
    bytes: usize,
    unsigned: bool,
    big_endian: bool,
    mapped: bool,
    shift: usize,
}

/// §2.6: the `length` bytes of a group.
pub fn decode(model: u16, payload: &[u8], length: usize) -> Result<Vec<u8>> {
    need((1..=3).contains(&model), "9.1: model")?;
    let (segments, at) = segments(payload, length)?;
    let code = &payload[at..];
    let mut engine = Engine::new(model, length, RangeDecoder::new(code));
    let mut raw = Vec::new();
    for segment in segments {
        raw.extend((0..segment.gap).map(|_| engine.byte()));
        let half = 1i64 << (8 * segment.bytes - 1);
        let mut values: Vec<i64> = Vec::new();
        let mut range = (-half >> segment.shift, (half - 1) >> segment.shift);
        if segment.mapped {
            values = engine.used(-half, half - 1);
            need(!values.is_empty(), "2.6: samples without values")?;
            let first = -(values.len() as i64 / 2);
            range = (first, first + values.len() as i64 - 1);
        }
        engine.begin(segment.channels, range);
        for _ in 0..segment.frames {
            for sample in engine.frame() {
                let number =
                    if segment.mapped { values[(sample - range.0) as usize] } else { sample };
                let number = (number << segment.shift) + if segment.unsigned { half } else { 0 };
                let mut bytes = number.to_le_bytes()[..segment.bytes].to_vec();
                if segment.big_endian {
                    bytes.reverse();
                }
                raw.extend(bytes);
            }
            need(engine.coder.read <= code.len() + 4, "4.3: cut short")?;
        }
    }
    while raw.len() < length {
        raw.push(engine.byte());
        need(engine.coder.read <= code.len() + 4, "4.3: cut short")?;
    }
    let end = [code.len(), code.len() + 3].contains(&engine.coder.read);
    need(length == 0 || end, "4.3: the end")?;
    Ok(raw)
}

fn segments(payload: &[u8], length: usize) -> Result<(Vec<Segment>, usize)> {
    let (count, mut at) = varint(payload, 0)?;
    need(count <= 1 << 16, "2.6: Segment_Count")?;
    let (mut segments, mut left) = (Vec::new(), length);
    for _ in 0..count {
        let (gap, next) = varint(payload, at)?;
        let (frames, next) = varint(payload, next)?;
        let [shape, shift] = *payload.get(next..next + 2).ok_or("2.6: cut short")? else {
            unreachable!()
        };
        at = next + 2;
        let segment = Segment {
            gap,
            frames,
            channels: shape as usize % 8 + 1,
            bytes: shape as usize / 8 % 4 + 1,
            unsigned: shape & 32 > 0,
            big_endian: shape & 64 > 0,
            mapped: shape & 128 > 0,
            shift: shift as usize,
        };
        let samples = frames * segment.channels;
        let all = gap + samples * segment.bytes;
        need(frames > 0 && all <= left, "2.6: length")?;
        left -= all;
        let map = segment.bytes <= 2 && shift == 0 && samples >= 4096;
        need(!segment.mapped || map, "2.6: Mapped")?;
        need(segment.shift < 8 * segment.bytes, "2.6: Shift")?;
        segments.push(segment);
    }
    Ok((segments, at))
}

/// §8
struct Engine<'a> {
    coder: RangeDecoder<'a>,
    model: u16,
    range: (i64, i64),
    channels: Vec<Channel>,
    decision: Decision,
    matches: Matches,
    bytes: Bytes,
    used: Vec<i32>,
}

impl Engine<'_> {
    fn new(model: u16, length: usize, coder: RangeDecoder) -> Engine {
        Engine {
            coder,
            model,
            range: (0, 0),
            channels: Vec::new(),
            decision: Decision::new(),
            matches: Matches::new(length),
            bytes: Bytes::new(),
            used: vec![1 << 15; 1 << 12],
        }
    }

    /// §9.9
    fn byte(&mut self) -> u8 {
        self.bytes.byte(&mut self.coder)
    }

    /// §2.6: the values that are used.
    fn used(&mut self, low: i64, high: i64) -> Vec<i64> {
        let (mut recent, mut values) = (0, Vec::new());
        for value in low..=high {
            let cell = &mut self.used[recent];
            let bit = self.coder.bit((*cell as u32).clamp(1, 65535));
            *cell += (bit as i32 * 65535 - *cell) >> 5;
            recent = (recent * 2 + bit as usize) % 4096;
            if bit == 1 {
                values.push(value);
            }
        }
        values
    }

    fn begin(&mut self, channels: usize, range: (i64, i64)) {
        self.bytes.gaps.swap(0, 1);
        self.bytes.gaps[0].clear();
        self.range = range;
        self.channels = (0..channels).map(|_| Channel::new(self.model)).collect();
    }

    /// §9.2
    fn frame(&mut self) -> Vec<i64> {
        let count = self.channels.len();
        let mut frame = Vec::new();
        for own in 0..count {
            let other = if own > 0 { own - 1 } else { 1 };
            let other = self.channels.get(other).map(|c| (c.history, c.last[0], c.means[1]));
            let matched = self.matches.expected();
            let channel = &mut self.channels[own];
            let predictions = channel.predict(other.map(|o| o.0), matched, self.range);
            let around = Around {
                other: other.map_or((0.0, 1.0), |o| (o.1, o.2)),
                second: own > 0,
                length: matched.map_or(0, |(_, length)| length),
            };
            let (coder, decision) = (&mut self.coder, &mut self.decision);
            let sample = sample(coder, decision, channel, &predictions, around, self.range);
            channel.update(sample as f64);
            self.matches.push(sample as i32);
            frame.push(sample);
        }
        frame
    }
}

/// §9.3
#[derive(Clone)]
struct Ols {
    n: usize,
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
    w: Vec<f64>,
    x: Vec<f64>,
    age: u32,
    interval: u32,
    keep: f64,
    ridge: f64,
}

/// §9.3: the products from element `from` on.
fn product(a: &[f64], b: &[f64], from: usize) -> f64 {
    let mut s = [0.0; 8];
    for j in from..a.len() {
        s[j % 8] += a[j] * b[j];
    }
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

impl Ols {
    fn new(n: usize, interval: u32, keep: f64, ridge: f64) -> Option<Ols> {
        let (a, zeros) = (vec![vec![0.0; n]; n], vec![0.0; n]);
        let [b, w, x] = [(); 3].map(|()| zeros.clone());
        (interval > 0).then_some(Ols { n, a, b, w, x, age: 0, interval, keep, ridge })
    }

    fn predict(&mut self, x: &[f64]) -> f64 {
        self.x = x.to_vec();
        product(&self.w, x, 0)
    }

    fn update(&mut self, sample: f64) {
        if self.x.iter().all(|&x| x == 0.0) {
            return;
        }
        let share = 1.0 - self.keep;
        for i in 0..self.n {
            let scaled = self.x[i] * share;
            for j in i..self.n {
                self.a[i][j] = self.keep * self.a[i][j] + scaled * self.x[j];
            }
        }
        let scaled = sample * share;
        for j in 0..self.n {
            self.b[j] = self.keep * self.b[j] + scaled * self.x[j];
        }
        self.age += 1;
        if self.age >= self.interval {
            self.age = 0;
            self.solve();
        }
    }

    fn solve(&mut self) {
        let n = self.n;
        let (mut u, mut w) = (self.a.clone(), self.b.clone());
        for i in 0..n {
            u[i][i] += u[i][i] * 1e-9 + self.ridge;
        }
        for k in 0..n {
            if !(u[k][k] > 1e-30 && u[k][k] < 1e60) {
                return;
            }
            let scale = 1.0 / u[k][k].sqrt();
            for j in k..n {
                u[k][j] *= scale;
            }
            for i in k + 1..n {
                for j in i..n {
                    u[i][j] -= u[k][i] * u[k][j];
                }
            }
            w[k] *= scale;
            for j in k + 1..n {
                w[j] -= w[k] * u[k][j];
            }
        }
        for k in (0..n).rev() {
            let whole = k / 8 * 8 + 8;
            let mut s = product(&u[k], &w, whole);
            for j in k + 1..whole {
                s += u[k][j] * w[j];
            }
            w[k] = (w[k] - s) / u[k][k];
        }
        self.w = w;
    }
}

/// §9.4
#[derive(Clone)]
struct Lms {
    w: Vec<f32>,
    x: Vec<f32>,
    power: f64,
    rate: f32,
    predicted: f32,
}

impl Lms {
    fn predict(&mut self) -> f32 {
        let mut s = [[0f32; 16]; 2];
        for j in 0..self.w.len() {
            s[j / 16 % 2][j % 16] += self.w[j] * self.x[j];
        }
        self.predicted = sum((0..16).map(|lane| s[0][lane] + s[1][lane]));
        if !(self.predicted > -1e12 && self.predicted < 1e12) {
            self.predicted = 0.0;
            self.w.fill(0.0);
        }
        self.predicted
    }

    fn update(&mut self, number: f32) -> f32 {
        let error = number - self.predicted;
        let step = self.rate * error / (1.0 + self.power as f32);
        for j in 0..self.w.len() {
            self.w[j] += step * self.x[j];
        }
        let (new, old) = (number as f64, self.x.remove(0) as f64);
        let power = self.power + new * new - old * old;
        self.power = if power > 0.0 { power } else { 0.0 };
        self.x.push(number);
        error
    }
}

/// §9.2
#[derive(Clone)]
struct Channel {
    /// The newest last.
    history: [f64; 32],
    means: [f32; 16],
    last: [f32; 2],
    first: Ols,
    short: Option<Ols>,
    steady: Option<Ols>,
    filters: Vec<Lms>,
    late: Option<Ols>,
    said: [f64; 2],
}

fn within(x: f64, (low, high): (i64, i64)) -> f64 {
    if x > high as f64 {
        high as f64
    } else if x >= low as f64 {
        x
    } else {
        low as f64
    }
}

fn inputs(own: &[f64; 32], other: Option<[f64; 32]>, n: usize, count: usize) -> Vec<f64> {
    match other {
        None => own[32 - n..].to_vec(),
        Some(other) => [&own[32 - count..], &other[32 - (n - count)..]].concat(),
    }
}

impl Channel {
    fn new(model: u16) -> Channel {
        let (n, [interval, short, steady, late], filters): (_, _, &[(usize, f32)]) = match model {
            1 => (16, [16, 0, 0, 0], &[(32, 0.008), (16, 0.012)]),
            2 => (32, [8, 2, 0, 1], &[(256, 0.012), (32, 0.01), (16, 0.02)]),
            _ => (32, [1, 1, 1, 1], &[(1024, 0.006), (256, 0.012), (32, 0.01), (16, 0.02)]),
        };
        let filter = |&(taps, rate): &(usize, f32)| Lms {
            w: vec![0.0; taps],
            x: vec![0.0; taps],
            power: 0.0,
            rate,
            predicted: 0.0,
        };
        Channel {
            history: [0.0; 32],
            means: [8.0; 16],
            last: [0.0; 2],
            first: Ols::new(n, interval, 0.998, 0.001).unwrap(),
            short: Ols::new(16, short, 0.98, 0.001),
            steady: Ols::new(n, steady, 0.9998, 0.001),
            filters: filters.iter().map(filter).collect(),
            late: Ols::new(8, late, 0.999, 0.01),
            said: [0.0; 2],
        }
    }

    fn predict(
        &mut self,
        other: Option<[f64; 32]>,
        matched: Option<(i32, usize)>,
        range: (i64, i64),
    ) -> [f64; 8] {
        let n = self.first.n;
        let many = inputs(&self.history, other, n, n / 2);
        let few = inputs(&self.history, other, 16, 10);
        let first = within(self.first.predict(&many), range);
        let short = self.short.as_mut().map_or(first, |ols| within(ols.predict(&few), range));
        let steady = self.steady.as_mut().map(|ols| within(ols.predict(&many), range));
        let (mut sum, mut filtered, mut late) = (first, first, [0.0; 8]);
        for (i, filter) in self.filters.iter_mut().enumerate() {
            late[i] = filter.predict() as f64;
            sum += late[i];
            if i == 0 {
                filtered = sum;
            }
        }
        let (before, newest) = (self.history[30], self.history[31]);
        let straight = within(2.0 * newest - before, range);
        late[4] = short - first;
        late[5] = newest - first;
        late[6] = straight - first;
        late[7] = steady.unwrap_or(first) - first;
        self.said = [first, sum];
        let change = self.late.as_mut().map_or(0.0, |ols| ols.predict(&late));
        let [plain, filtered, last] = [sum, filtered, sum + change].map(|x| within(x, range));
        let matched = matched.map_or(last, |(sample, _)| within(sample as f64, range));
        [last, first, filtered, short, newest, matched, straight, steady.unwrap_or(plain)]
    }

    fn update(&mut self, sample: f64) {
        let mut rest = (sample - self.said[0]) as f32;
        for filter in &mut self.filters {
            rest = filter.update(rest);
        }
        if let Some(late) = &mut self.late {
            late.update(sample - self.said[1]);
        }
        self.first.update(sample);
        self.short.iter_mut().chain(&mut self.steady).for_each(|ols| ols.update(sample));
        self.history.rotate_left(1);
        self.history[31] = sample;
    }
}

/// §9.5
struct Matches {
    /// All samples.
    samples: Vec<i32>,
    ring: usize,
    seen: Vec<usize>,
    hash: u32,
    next: usize,
    length: usize,
}

impl Matches {
    fn new(bytes: usize) -> Matches {
        let log2 = bytes.max(1).ilog2().clamp(10, 22);
        let (ring, seen) = (1 << log2, vec![0; 1 << (log2 - 2)]);
        Matches { samples: Vec::new(), ring, seen, hash: 0, next: 0, length: 0 }
    }

    fn expected(&self) -> Option<(i32, usize)> {
        (self.length > 0).then(|| (self.samples[self.next], self.length))
    }

    fn push(&mut self, sample: i32) {
        let goes_on = self.length > 0 && self.samples[self.next] == sample;
        (self.next, self.length) = if goes_on { (self.next + 1, self.length + 1) } else { (0, 0) };
        self.samples.push(sample);
        let count = self.samples.len();
        self.hash = self.hash.wrapping_add(sample as u32 ^ 1).wrapping_mul(0x2F0B_4C44);
        let cell = (self.hash >> (32 - self.seen.len().ilog2())) as usize;
        let place = std::mem::replace(&mut self.seen[cell], count);
        if self.length == 0 && place > 0 && count - place <= self.ring - 32 {
            let same = |&k: &usize| self.samples[place - k] == self.samples[count - k];
            let length = (1..=place.min(32)).take_while(same).count();
            if length >= 16 {
                (self.next, self.length) = (place, length);
            }
        }
    }
}

/// §9.7
struct Around {
    other: (f32, f32),
    second: bool,
    length: usize,
}

const RATES: [f32; 16] = [
    0.12, 0.04, 0.0125, 0.004, 0.04, 0.04, 0.03, 0.01, 0.03, 0.01, 0.03, 0.01, 0.08, 0.05, 0.02,
    0.02,
];
const CENTRES: [usize; 16] = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7];

/// §9.6: sixteen distributions.
struct Shapes {
    centres: [f32; 16],
    sharpness: [f32; 16],
}

impl Shapes {
    fn beyond(&self, at: f32) -> [f32; 16] {
        std::array::from_fn(|lane| {
            let x = (self.centres[lane] - at) * self.sharpness[lane];
            squash(x.clamp(-40.0, 40.0))
        })
    }
}

/// §9.6: where the match is: the bit that it expects, plus 1.
fn expected(matched: Option<i64>, at: i64) -> usize {
    matched.map_or(0, |matched| 1 + (matched >= at) as usize)
}

/// §9.6
fn sample(
    coder: &mut RangeDecoder,
    decision: &mut Decision,
    channel: &mut Channel,
    predictions: &[f64; 8],
    around: Around,
    range: (i64, i64),
) -> i64 {
    let magic = 6_755_399_441_055_744.0;
    let origin = (predictions[0] + magic - magic) as i64;
    let centres = CENTRES.map(|prediction| (predictions[prediction] - origin as f64) as f32);
    let unit = ((channel.means[1] * 0.6).to_bits() >> 23) as i32 - 127;
    let unit = unit.clamp(0, 30) as u32;
    let has_match = around.length > 0;
    decision.begin(unit as usize, &centres, channel, &around);
    let sharpness = std::array::from_fn(|lane| {
        let of = if lane == 13 && !has_match { 1 } else { lane };
        let times = [0.4, 1.3].get(lane.wrapping_sub(4)).copied().unwrap_or(0.72);
        1.0 / (channel.means[of] * times + 0.02)
    });
    let mut shapes = Shapes { centres, sharpness };
    let matched = has_match.then(|| predictions[5] as i64 - origin);
    let share = shapes.beyond(-0.5);
    let above = decision.bit(coder, 0, expected(matched, 0), share) == 1;
    let side = |target: i64| if above { target } else { !target };
    for centre in &mut shapes.centres {
        *centre = if above { *centre + 0.5 } else { -0.5 - *centre };
    }
    let matched = matched.map(side).filter(|&matched| matched >= 0);
    let target = side(distance(coder, decision, &shapes, unit, matched));
    let sample = (origin + target).clamp(range.0, range.1);
    let target = (sample - origin) as f32;
    for lane in 0..16 {
        if lane == 13 && !has_match {
            continue;
        }
        let (error, mean) = (target - centres[lane], channel.means[lane]);
        let size = error.abs().min(mean * 10.0 + 4.0);
        channel.means[lane] = mean + RATES[lane] * (size - mean);
    }
    channel.last = [target - centres[0], channel.last[0]];
    sample
}

fn distance(
    coder: &mut RangeDecoder,
    decision: &mut Decision,
    shapes: &Shapes,
    unit: u32,
    matched: Option<i64>,
) -> i64 {
    let (mut from, mut log2) = (0, unit);
    let mut beyond = shapes.beyond(0.0);
    for bin in 0..120 {
        let end = from + (1i64 << log2);
        let next = shapes.beyond(end as f32);
        let share = std::array::from_fn(|lane| next[lane] / beyond[lane]);
        if decision.bit(coder, 1 + bin.min(22), expected(matched, end), share) == 0 {
            return inside(coder, decision, shapes, (from, log2, bin), (beyond, next), matched);
        }
        (from, beyond) = (end, next);
        if bin + 1 >= 6 && (bin + 1) % 3 == 0 && log2 < 40 {
            log2 += 1;
        }
    }
    0
}

fn inside(
    coder: &mut RangeDecoder,
    decision: &mut Decision,
    shapes: &Shapes,
    (mut from, log2, bin): (i64, u32, usize),
    (mut above, mut below): ([f32; 16], [f32; 16]),
    matched: Option<i64>,
) -> i64 {
    let first = 24 + 4 * bin.min(9);
    let mut node = first;
    for depth in 0..log2 {
        let middle = from + (1i64 << (log2 - 1 - depth));
        let up = if depth < 3 {
            let half = shapes.beyond(middle as f32);
            let share =
                std::array::from_fn(|l| (half[l] - below[l]) / ((above[l] - below[l]) + 1e-12));
            let up = decision.bit(coder, node, expected(matched, middle), share);
            (above, below) = if up == 1 { (half, below) } else { (above, half) };
            node = if depth == 0 { first + 1 + up as usize } else { first + 3 };
            up
        } else {
            coder.bit(1 << 15)
        };
        if up == 1 {
            from = middle;
        }
    }
    from
}

/// §9.8: a mixer.
struct Mixer<const V: usize> {
    /// Weights of each set, of each mixer context one behind the other.
    sets: Vec<[[f32; 16]; V]>,
    sizes: Vec<usize>,
    selected: Vec<usize>,
    inputs: [[f32; 16]; V],
}

impl<const V: usize> Mixer<V> {
    fn new(sizes: &[usize], first: f32) -> Mixer<V> {
        let sets = vec![[[first; 16]; V]; sizes.iter().sum()];
        Mixer { sets, sizes: sizes.to_vec(), selected: Vec::new(), inputs: [[0.0; 16]; V] }
    }

    fn mix(&mut self, inputs: [[f32; 16]; V], selected: &[usize]) -> f32 {
        let mut begin = 0;
        self.selected.clear();
        for (size, set) in self.sizes.iter().zip(selected) {
            self.selected.push(begin + set);
            begin += size;
        }
        self.inputs = inputs;
        let mut t = [0f32; 16];
        for v in 0..V {
            for lane in 0..16 {
                let mut weight = self.sets[self.selected[0]][v][lane];
                for &set in &self.selected[1..] {
                    weight += self.sets[set][v][lane];
                }
                let product = inputs[v][lane] * weight;
                t[lane] = if v == 0 { product } else { t[lane] + product };
            }
        }
        (sum(t) + 0.0).clamp(-11.5, 11.5)
    }

    fn update(&mut self, step: f32) {
        for &set in &self.selected {
            for v in 0..V {
                for lane in 0..16 {
                    self.sets[set][v][lane] += step * self.inputs[v][lane];
                }
            }
        }
    }
}

/// §9.8: cells of adaptive probabilities: `p · 2^22`, and uses.
#[derive(Clone, Copy)]
struct Cell(u32, u32);

impl Cell {
    const NEW: Cell = Cell(1 << 21, 0);

    fn stretch(self) -> f32 {
        ln(self.0 as f32 / (4_194_304.0 - self.0 as f32))
    }

    fn update(&mut self, bit: u32) {
        let rate = 1.0 / (self.1 as f32 + 1.5);
        let p = self.0 as f32 + (bit as f32 * 4_194_304.0 - self.0 as f32) * rate;
        *self = Cell(p.clamp(256.0, 4_194_048.0) as u32, (self.1 + 1).min(255));
    }
}

/// §9.7 and §9.8
struct Decision {
    mixer: Mixer<2>,
    cells: Vec<Cell>,
    apms: [Apm; 2],
    contexts: [usize; 11],
    scale: usize,
    trend: usize,
    matched: usize,
    samples: u32,
    rate: f32,
}

fn quarters(x: f32) -> i32 {
    ((x + 0.001).to_bits() >> 21) as i32 - 508
}

fn relative(x: f32, mean: f32) -> usize {
    let level = (quarters(x.abs() / (mean + 0.01)) >> 1).clamp(-4, 3) + 4;
    level as usize * 2 + (x < 0.0) as usize
}

impl Decision {
    fn new() -> Decision {
        Decision {
            mixer: Mixer::new(&[64, 512, 256, 64], 0.1),
            cells: vec![Cell::NEW; 12 * 512 * 64],
            apms: [Apm::new(10), Apm::new(10)],
            contexts: [0; 11],
            scale: 0,
            trend: 0,
            matched: 0,
            samples: 0,
            rate: 0.0,
        }
    }

    /// §9.7
    fn begin(&mut self, unit: usize, centres: &[f32; 16], channel: &Channel, around: &Around) {
        let mean = channel.means[1];
        let against = |lane: usize| {
            ((quarters(channel.means[lane]) - quarters(mean)).clamp(-8, 7) + 8) as usize
        };
        let (fast, slow) = (against(0), against(3));
        let fine = (mean.to_bits() >> 20) as usize % 8;
        let unit = unit.min(15);
        let [newest, before] = channel.last.map(|error| relative(error, mean));
        let other = relative(around.other.0, around.other.1);
        let [first, filtered, last] = [6, 8, 12].map(|lane| relative(centres[lane], mean));
        let fraction = ((centres[0] + 0.5) * 8.0) as usize % 8;
        let second = around.second as usize;
        self.contexts = [
            fine * 32 + unit * 2 + (mean < 0.5) as usize,
            fine * 16 + fast,
            fine * 16 + slow,
            newest * 8 + fine,
            newest * 16 + before,
            second * 128 + other * 8 + fine,
            first * 16 + newest,
            filtered * 16 + first,
            fraction * 8 + unit.min(7),
            other * 16 + newest,
            last * 16 + fast,
        ];
        (self.scale, self.trend) = (unit * 2 + second, fast * 16 + slow);
        self.matched = (around.length + 1).ilog2().min(15) as usize;
        self.samples = self.samples.saturating_add(1);
        self.rate = 0.0005 + 0.005 * (256.0 / (256.0 + self.samples as f32));
    }

    /// §9.8
    fn bit(
        &mut self,
        coder: &mut RangeDecoder,
        node: usize,
        expected: usize,
        share: [f32; 16],
    ) -> u32 {
        let matched = self.matched * 4 + expected;
        let value = |c: usize| self.contexts.get(c).copied().unwrap_or(matched);
        let cells: [usize; 12] = std::array::from_fn(|c| (c * 512 + value(c)) * 64 + node);
        let mut inputs = [share.map(|p| stretch(p.clamp(0.0005, 1.0 - 0.0005))), [0.0; 16]];
        for (input, &cell) in inputs[1].iter_mut().zip(&cells) {
            *input = self.cells[cell].stretch();
        }
        inputs[1][15] = 0.3;
        let sets = [node, self.scale * 16 + node.min(15), self.trend, matched];
        let x = self.mixer.mix(inputs, &sets);
        let mixed = squash(x);
        let refined = self.apms[0].refine(node * 16 + self.trend / 16, x)
            + self.apms[1].refine(node * 16 + self.scale / 2, x);
        let p = mixed * 0.5 + refined * 0.25;
        let bit = coder.bit(((p * 65536.0) as u32).clamp(1, 65535));
        self.mixer.update((bit as f32 - mixed) * self.rate);
        cells.iter().for_each(|&cell| self.cells[cell].update(bit));
        self.apms.iter_mut().for_each(|apm| apm.update(bit));
        bit
    }
}

/// §9.9
struct Bytes {
    mixer: Mixer<1>,
    cells: Vec<Cell>,
    recent: u32,
    gaps: [Vec<u8>; 2],
}

impl Bytes {
    fn new() -> Bytes {
        let cells = vec![Cell::NEW; 6 << 18];
        let mixer = Mixer::new(&[256, 512], 0.15);
        Bytes { mixer, cells, recent: 0, gaps: Default::default() }
    }

    fn byte(&mut self, coder: &mut RangeDecoder) -> u8 {
        let place = self.gaps[0].len();
        let like = self.gaps[1].get(place).map_or(0, |&byte| 256 + byte as usize);
        let mut hashes = [0u32; 6];
        for order in 0..5 {
            let bytes = self.recent as u64 % (1 << (8 * order));
            hashes[order] = (bytes as u32).wrapping_add(order as u32).wrapping_mul(GOLDEN);
        }
        hashes[5] = ((place * 512 + like) as u32).wrapping_mul(GOLDEN);
        let mut partial = 1usize;
        for k in (0..8).rev() {
            let cell = |c: usize| {
                let hash = (hashes[c].rotate_left(9) ^ partial as u32).wrapping_mul(GOLDEN);
                (c << 18) + (hash >> 14) as usize
            };
            let cells: [usize; 6] = std::array::from_fn(cell);
            let mut inputs = [[0.0; 16]];
            for (input, &cell) in inputs[0].iter_mut().zip(&cells) {
                *input = self.cells[cell].stretch();
            }
            inputs[0][15] = 0.3;
            let agrees = like >> (k + 1) == partial;
            let x = self.mixer.mix(inputs, &[partial, if agrees { like } else { 0 }]);
            let p = squash(x);
            let bit = coder.bit(((p * 65536.0) as u32).clamp(1, 65535));
            self.mixer.update((bit as f32 - p) * 0.003);
            cells.iter().for_each(|&cell| self.cells[cell].update(bit));
            partial = partial * 2 + bit as usize;
        }
        self.recent = self.recent << 8 | partial as u32 & 255;
        if place < 256 {
            self.gaps[0].push(partial as u8);
        }
        partial as u8
    }
}
