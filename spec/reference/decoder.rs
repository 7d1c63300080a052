//! A decoder of groups written from codec.md, bpe.md and arithmetic.md alone.
//!
//! It shares no code with the crate and takes the shortest way: one number after
//! the other, anything wrong is a message. Codecs store, pear with all its filters, jpeg,
//! image and audio. Section numbers in comments are those of codec.md; names are its names.

#[path = "audio.rs"]
mod audio;
#[path = "image.rs"]
mod image;
#[path = "jpeg.rs"]
mod jpeg;

type Result<T> = std::result::Result<T, String>;

fn need(kept: bool, rule: &str) -> Result<()> {
    if kept { Ok(()) } else { Err(rule.to_owned()) }
}

/// §7: where a group starts.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    Anew,
    Capacity(u8),
    Behind(&'a Base),
}

/// §7: the state behind a group.
#[derive(Clone)]
pub struct Base {
    codec_filter_model: (u8, u8, u16),
    engine: Engine,
}

/// §1: the `length` bytes of a group that starts anew.
pub fn decode(
    [codec, filter]: [u8; 2],
    model: u16,
    payload: &[u8],
    length: usize,
) -> Result<Vec<u8>> {
    match codec {
        0 => {
            need(filter == 0 && payload.len() == length, "2.1: length")?;
            Ok(payload.to_vec())
        }
        6 => {
            need(filter == 0 && model == 0, "2.5: filter or model")?;
            jpeg::decode(payload, length)
        }
        7 => {
            need(filter == 0, "8.1: filter")?;
            image::decode(payload, model, length)
        }
        8 => {
            need(filter == 0, "2.6: filter")?;
            audio::decode(model, payload, length)
        }
        _ => Ok(decode_from([codec, filter], model, payload, length, Start::Anew)?.0),
    }
}

/// §7: the `length` bytes of a group, and the state behind it.
pub fn decode_from(
    [codec, filter]: [u8; 2],
    model: u16,
    payload: &[u8],
    length: usize,
    start: Start,
) -> Result<(Vec<u8>, Base)> {
    let coding = (codec, filter, model);
    need(codec == 3 && filter < 3, "unsupported")?;
    if let Start::Behind(base) = start {
        need(base.codec_filter_model == coding, "7: another coding")?;
    }
    let (raw, engine) = match filter {
        1 => byte_pairs(payload, model, length, start)?,
        _ => {
            let engine = first_engine(model, length, own(), start)?;
            let (symbols, engine) = symbols(payload, length, engine)?;
            (if filter == 2 { undo_x86(symbols) } else { symbols }, engine)
        }
    };
    Ok((raw, Base { codec_filter_model: coding, engine }))
}

impl Base {
    /// §7: the state behind bytes that are known and not coded.
    pub fn learn(filter: u8, model: u16, bytes: &[u8], start: Start) -> Result<Base> {
        need(filter == 0 || filter == 2, "7: filter of a learnt base")?;
        let symbols = if filter == 2 { do_x86(bytes.to_vec()) } else { bytes.to_vec() };
        let mut engine = first_engine(model, 0, own(), start)?;
        for &symbol in &symbols {
            match engine.begin_symbol() {
                Some((expected, _)) if expected == symbol => engine.accept(symbol),
                _ => {
                    let mut bits = (0..8).rev().map(|k| (symbol >> k & 1) as u32);
                    engine.code(|_| bits.next().unwrap());
                }
            }
        }
        Ok(Base { codec_filter_model: (3, filter, model), engine })
    }
}

/// The spelling without byte pairs.
fn own() -> Vec<Vec<u8>> {
    (0..=255u8).map(|symbol| vec![symbol]).collect()
}

/// §7: the engine before the first of `count` symbols.
fn first_engine(model: u16, count: usize, spelling: Vec<Vec<u8>>, start: Start) -> Result<Engine> {
    match start {
        Start::Anew => Engine::new(model, count, spelling),
        Start::Capacity(capacity) => {
            need((12..=32).contains(&capacity), "7: Capacity")?;
            Engine::new(model, 1 << capacity, spelling)
        }
        Start::Behind(base) => Ok(base.engine.clone()),
    }
}

/// §3.1
fn byte_pairs(
    payload: &[u8],
    model: u16,
    length: usize,
    start: Start,
) -> Result<(Vec<u8>, Engine)> {
    let mut foreign = Vec::new();
    let (spelling, mut at) = match start {
        Start::Behind(base) => {
            let (count, mut at) = varint(payload, 0)?;
            let mut next = 0;
            for _ in 0..count {
                let (distance, value_at) = varint(payload, at)?;
                let place = next + distance;
                need(place < length, "7.3: a place")?;
                foreign.push((place, *payload.get(value_at).ok_or("7.3: cut short")?));
                (next, at) = (place + 1, value_at + 1);
            }
            (base.engine.state.spelling.clone(), at)
        }
        _ => {
            let mut bits = Bits { bytes: payload, at: 0 };
            let mut spelling = merge_table(&mut bits)?;
            spelling.sort_by_key(|bytes| {
                let behind = bytes.first().is_some_and(|&b| b.is_ascii_alphanumeric() || b > 127);
                (bytes.is_empty(), behind, bytes.clone())
            });
            (spelling, bits.at.div_ceil(8))
        }
    };
    let count;
    (count, at) = varint(payload, at)?;
    need(count <= length, "3.1: Symbol_Count")?;
    let engine = first_engine(model, count, spelling.clone(), start)?;
    let (symbols, engine) = symbols(&payload[at..], count, engine)?;
    let mut raw = Vec::new();
    for symbol in symbols {
        let bytes = &spelling[symbol as usize];
        need(!bytes.is_empty() && raw.len() + bytes.len() <= length, "3.1: a symbol")?;
        raw.extend_from_slice(bytes);
    }
    need(raw.len() == length, "3.1: length")?;
    for (place, value) in foreign {
        raw[place] = value;
    }
    Ok((raw, engine))
}

/// container.md §2: the varint at `at`, and where it ends.
fn varint(bytes: &[u8], mut at: usize) -> Result<(usize, usize)> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.get(at).ok_or("varint cut short")?;
        need(shift < 35, "a varint")?;
        value |= usize::from(byte & 127) << shift;
        (at, shift) = (at + 1, shift + 7);
        if byte < 128 {
            need(byte > 0 || shift == 7, "a varint is not in its shortest form")?;
            return Ok((value, at));
        }
    }
}

/// §3.2: the operand of the opcode at `at`.
fn operand(data: &[u8], at: usize) -> Option<usize> {
    let b = &data[at..at + 7];
    let sign = |byte: u8| byte == 0 || byte == 0xFF;
    match b[0] {
        0xE8 | 0xE9 if sign(b[4]) => Some(at + 1),
        0x0F if (0x80..=0x8F).contains(&b[1]) && sign(b[5]) => Some(at + 2),
        0x48 | 0x4C if [0x89, 0x8B, 0x8D].contains(&b[1]) && b[2] & 0xC7 == 5 && sign(b[6]) => {
            Some(at + 3)
        }
        _ => None,
    }
}

/// §3.2
fn undo_x86(mut data: Vec<u8>) -> Vec<u8> {
    for at in 0..(data.len() + 1).saturating_sub(7) {
        let Some(o) = operand(&data, at) else { continue };
        let a = (data[o] as u32) << 16 | (data[o + 1] as u32) << 8 | data[o + 2] as u32;
        let relative = a.wrapping_sub(o as u32 + 4);
        for k in 0..3 {
            data[o + k] = (relative >> (8 * k)) as u8;
        }
    }
    data
}

/// §3.2: the reverse.
fn do_x86(mut data: Vec<u8>) -> Vec<u8> {
    for at in (0..(data.len() + 1).saturating_sub(7)).rev() {
        let Some(o) = operand(&data, at) else { continue };
        let a = data[o] as u32 | (data[o + 1] as u32) << 8 | (data[o + 2] as u32) << 16;
        let absolute = a.wrapping_add(o as u32 + 4);
        for k in 0..3 {
            data[o + k] = (absolute >> (16 - 8 * k)) as u8;
        }
    }
    data
}

/// bpe.md §2
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits read.
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Result<u64> {
        let byte = self.bytes.get(self.at / 8).ok_or("bpe 2: table cut short")?;
        self.at += 1;
        Ok((byte >> ((self.at - 1) % 8) & 1) as u64)
    }

    fn number(&mut self, bits: u64) -> Result<u64> {
        let mut value = 0;
        for k in 0..bits {
            value |= self.bit()? << k;
        }
        Ok(value)
    }

    fn zeros(&mut self) -> Result<u64> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
        }
        Ok(zeros)
    }

    fn gamma(&mut self) -> Result<u64> {
        let b = self.zeros()?;
        need(b <= 16, "bpe 2: Gamma")?;
        Ok(1 << b | self.number(b)?)
    }

    fn subset(&mut self, n: u64) -> Result<Vec<u64>> {
        let k = self.gamma()? - 1;
        need(k <= n, "bpe 2: Count")?;
        let r = (n / k.max(1)).max(1).ilog2() as u64;
        let (mut next, mut all) = (0, Vec::new());
        for _ in 0..k {
            let high = self.zeros()?;
            next += high << r | self.number(r)?;
            need(next < n, "bpe 2: Gaps")?;
            all.push(next);
            next += 1;
        }
        Ok(all)
    }
}

/// bpe.md §3: what each of the 256 short codes stands for.
fn merge_table(bits: &mut Bits) -> Result<Vec<Vec<u8>>> {
    let mut symbols: Vec<Vec<u8>> = Vec::new();
    let (mut value, mut present) = (bits.gamma()? - 1, false);
    while value < 256 {
        present = !present;
        let run = bits.gamma()?;
        need(value + run <= 256, "bpe 3: Literals")?;
        if present {
            symbols.extend((value..value + run).map(|literal| vec![literal as u8]));
        }
        value += run;
    }
    need(value == 256, "bpe 3: Literals")?;
    let literals = symbols.len();
    loop {
        let m = symbols.len() as u64;
        let wave = bits.subset(m * m)?;
        for pair in &wave {
            let halves = [&symbols[(pair / m) as usize][..], &symbols[(pair % m) as usize]];
            symbols.push(halves.concat());
            let longest = symbols.last().map_or(0, Vec::len);
            let total: usize = symbols.iter().map(Vec::len).sum();
            need(symbols.len() <= 32767 && longest <= 4096 && total <= 1 << 20, "bpe 1")?;
        }
        if wave.is_empty() {
            break;
        }
    }
    let uncoded = bits.subset((symbols.len() - literals) as u64)?;
    while !bits.at.is_multiple_of(8) {
        need(bits.bit()? == 0, "bpe 3: Padding")?;
    }
    need(symbols.len() - uncoded.len() <= 256, "3.1: long codes")?;
    let mut codes = vec![Vec::new(); 256];
    let mut free: Vec<usize> = (0..256).rev().collect();
    for literal in &symbols[..literals] {
        codes[literal[0] as usize] = literal.clone();
        free.retain(|&code| code != literal[0] as usize);
    }
    for (token, bytes) in symbols[literals..].iter().enumerate() {
        if !uncoded.contains(&(token as u64)) {
            codes[free.pop().ok_or("bpe 3: Codes")?] = bytes.clone();
        }
    }
    Ok(codes)
}

/// §4
struct RangeDecoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    input: &'a [u8],
    read: usize,
}

impl RangeDecoder<'_> {
    fn new(input: &[u8]) -> RangeDecoder<'_> {
        let mut decoder = RangeDecoder { low: 0, high: u32::MAX, code: 0, input, read: 0 };
        (0..4).for_each(|_| decoder.shift());
        (decoder.low, decoder.high) = (0, u32::MAX);
        decoder
    }

    fn shift(&mut self) {
        self.low <<= 8;
        self.high = self.high << 8 | 255;
        self.code = self.code << 8 | self.input.get(self.read).copied().unwrap_or(0) as u32;
        self.read += 1;
    }

    fn bit(&mut self, p: u32) -> u32 {
        let middle = self.low + (((self.high - self.low) as u64 * p as u64) >> 16) as u32;
        let bit = (self.code <= middle) as u32;
        if bit == 1 {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        for _ in 0..4 {
            if self.low >> 24 == self.high >> 24 {
                self.shift();
            }
        }
        bit
    }
}

/// §5: `count` symbols, and the engine behind them.
fn symbols(code: &[u8], count: usize, mut engine: Engine) -> Result<(Vec<u8>, Engine)> {
    let start = engine.state.past.len();
    let mut coder = RangeDecoder::new(code);
    for _ in 0..count {
        match engine.begin_symbol() {
            Some((symbol, p)) if coder.bit(p) == 1 => engine.accept(symbol),
            _ => engine.code(|p| coder.bit(p)),
        }
        need(coder.read <= code.len() + 4, "4.3: cut short")?;
    }
    let end = [code.len(), code.len() + 3].contains(&coder.read);
    need(count == 0 || end, "4.3: the end")?;
    Ok((engine.state.past[start..].to_vec(), engine))
}

/// arithmetic.md §2: the sum of all lanes of vectors.
fn sum(numbers: impl IntoIterator<Item = f32>) -> f32 {
    let mut lanes = [0f32; 16];
    for (at, number) in numbers.into_iter().enumerate() {
        lanes[at % 16] += number;
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

/// arithmetic.md §3.1
fn ln(x: f32) -> f32 {
    let above = x.to_bits().wrapping_sub(0x3F35_04F3);
    let octave = (above.wrapping_add(0x4000_0000) >> 23) as i32 - 128;
    let t = f32::from_bits((above & 0x007F_FFFF) + 0x3F35_04F3) - 1.0;
    let mut s = 0.177_214_77_f32;
    for c in [-0.271_105_92, 0.336_324_75, -0.499_441_12, 0.999_967_1] {
        s = s * t + c;
    }
    s * t + octave as f32 * std::f32::consts::LN_2
}

/// arithmetic.md §3.2
fn exp(x: f32) -> f32 {
    let power = x * std::f32::consts::LOG2_E;
    let shifted = power + 12_582_912.0;
    let r = power - (shifted - 12_582_912.0);
    let q = r * r;
    let low = r * 0.693_121 + 1.0;
    let high = q * 0.009_676_037 + (r * 0.055_922_035 + 0.240_221_07);
    f32::from_bits((q * high + low).to_bits().wrapping_add(shifted.to_bits() << 23))
}

fn stretch(p: f32) -> f32 {
    ln(p / (1.0 - p))
}

fn squash(x: f32) -> f32 {
    1.0 / (1.0 + exp(0.0 - x))
}

/// arithmetic.md §4
struct Noise(u64);

impl Noise {
    fn next(&mut self, scale: f32) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ x >> 31) >> 40) as f32 / 8_388_608.0 * scale - scale
    }
}

const FIRST_WEIGHT: f32 = 2.4;
const BINARY_WARM_UP: f32 = 2.0;
const TEXT_WARM_UP: f32 = 5.0;
const WARM_UP_HALF: f32 = 20_000.0;
const DECAY: f32 = 1_000_000.0;
const HEAD_RATE: f32 = 0.02;
const LAYER_RATE: f32 = 0.002;
const ROW_RATE: f32 = 0.02;
const STATE_MAP_LIMIT: u32 = 1020;
const APM_RATE_FIRST: u32 = 10_923;
const APM_RATE_FALL: u32 = 5_243;
const APM_RATE_LAST: u32 = 1_024;
const APM_WEIGHT: f32 = 0.8;
const MATCH_LENGTHS: [usize; 3] = [5, 8, 3];
const BIAS: f32 = 0.3;
const CLAMP: f32 = 11.5;
const POSITIONS: usize = 8;
const NGRAMS: usize = 5;
const ENERGY_RATE: f32 = 0.002;
const LONGEST: usize = 400;
const CONFIDENCE_RATE: f32 = 0.006;
const CONFIDENCE_FIRST: f32 = 0.75;
const CONFIDENCE_STRETCH: f32 = 1.098_612_3;
const ESCAPE_FIRST: i32 = 60_000;
const ESCAPE_SHIFT: u32 = 5;
const RATE_OF: [f32; 16] = [
    0.6666667,
    0.4,
    0.2857143,
    0.22222222,
    0.18181818,
    0.15384615,
    0.13333333,
    0.11764706,
    0.0952381,
    0.08,
    0.06451613,
    0.05128205,
    0.04081633,
    0.03174603,
    0.024096386,
    0.018018018,
];
const RAISE: [f32; 16] =
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.332, 0.25, 0.2, 0.145, 0.1, 0.07, 0.0];
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xC2B2_AE3D_27D4_EB4F;
const THIRD: u64 = 0xD6E8_FEB8_6659_FD93;
const GOLDEN: u32 = 0x9E37_79B1;
const SMALL: u32 = 0x2F0B_4C47;

/// Lists of contexts.
#[derive(Clone, Copy, PartialEq)]
pub enum Contexts {
    Text,
    Binary,
    Tokens,
}

/// A row of "Size classes" and of the rates of §5.7.
#[derive(Clone, Copy)]
struct Class {
    contexts: usize,
    vectors: usize,
    mixer_contexts: usize,
    width: usize,
    match_models: usize,
    counters: usize,
    residual: bool,
    most_hash_table: u32,
    most_rows: u32,
    indirect: usize,
    /// `escape_length` and `escape_probability`.
    escape: Option<(usize, i32)>,
    apm_stages: usize,
    /// `binary` and `text`.
    rates: [f32; 2],
}

const fn size_class(
    [contexts, vectors, mixer_contexts, width, match_models, counters]: [usize; 6],
    residual: bool,
    [most_hash_table, most_rows]: [u32; 2],
    indirect: usize,
    escape: Option<(usize, i32)>,
    apm_stages: usize,
    rates: [f32; 2],
) -> Class {
    Class {
        contexts,
        vectors,
        mixer_contexts,
        width,
        match_models,
        counters,
        residual,
        most_hash_table,
        most_rows,
        indirect,
        escape,
        apm_stages,
        rates,
    }
}

/// "Size classes", column by column.
#[rustfmt::skip]
const CLASSES: &[Class] = &[
    size_class([8, 1, 7, 1, 1, 0], false, [24, 12], 5, Some((8, 54_000)), 0, [0.0022, 0.001]),
    size_class([16, 2, 12, 2, 2, 0], false, [28, 14], 7, Some((16, 65_350)), 2, [0.0007, 0.0003]),
    size_class([24, 2, 12, 2, 2, 0], false, [28, 14], 4, None, 2, [0.0006, 0.00025]),
    size_class([24, 3, 12, 2, 2, 16], false, [28, 15], 4, None, 2, [0.0003, 0.00015]),
    size_class([56, 7, 12, 2, 3, 48], true, [28, 16], 3, None, 3, [0.00013, 0.0001]),
    size_class([6, 1, 2, 0, 1, 0], false, [24, 12], 3, Some((8, 54_000)), 0, [0.006, 0.004]),
    size_class([8, 1, 2, 0, 1, 0], false, [24, 12], 5, Some((12, 58_000)), 0, [0.006, 0.004]),
    size_class([16, 2, 8, 1, 1, 0], false, [26, 13], 5, Some((8, 54_000)), 0, [0.001, 0.0005]),
];

/// §5.9
fn registered(model: u16) -> Result<(Class, Contexts)> {
    let row = (model as usize).wrapping_sub(1);
    let class = *CLASSES.get(row / 3).ok_or("unsupported model")?;
    let lists = [Contexts::Text, Contexts::Binary, Contexts::Tokens];
    Ok((class, lists[row % 3]))
}

/// "Inputs": the first input of each part, counted from lane 0 of vector 0.
struct Layout {
    match_models: usize,
    bias: usize,
    indirect: usize,
    network: usize,
    counters: usize,
}

impl Layout {
    fn of(class: &Class) -> Layout {
        let match_models = class.contexts;
        let bias = match_models + class.match_models;
        let indirect = bias + 1;
        let network = (indirect + class.indirect) / 16 * 16 + 15;
        Layout { match_models, bias, indirect, network, counters: network + 1 }
    }
}

/// §5.2: successors and priors.
#[derive(Clone)]
struct Histories {
    next: Vec<[u8; 2]>,
    prior: Vec<u32>,
}

type History = ([u32; 2], u32);

fn successor((mut n, mut tail): History, bit: usize) -> History {
    const LIMIT: [u32; 6] = [41, 24, 12, 7, 5, 5];
    let seen = n[0] + n[1];
    n[bit] += 1;
    n[1 - bit] = match n[1 - bit] {
        few @ 0..=2 => few,
        3..=4 => 3,
        5..=7 => 4,
        8..=15 => 5,
        16..=31 => 6,
        _ => 7,
    };
    while n[0].min(n[1]) >= 6 || n[0].max(n[1]) > LIMIT[n[0].min(n[1]) as usize] {
        n[if n[0] > n[1] { 0 } else { 1 }] -= 1;
    }
    let total = n[0] + n[1];
    tail = if seen < total && total <= 3 { tail << 1 | bit as u32 } else { bit as u32 };
    tail = if total <= 3 {
        tail & ((1 << total) - 1)
    } else if n[0] == 0 || n[1] == 0 {
        (n[1] > 0) as u32
    } else {
        tail & 1
    };
    (n, tail)
}

impl Histories {
    fn new() -> Histories {
        let mut list: Vec<History> = vec![([0, 0], 0)];
        let mut at = 0;
        while at < list.len() {
            for bit in 0..2 {
                let next = successor(list[at], bit);
                if !list.contains(&next) {
                    list.push(next);
                }
            }
            at += 1;
        }
        list.sort_by_key(|(n, _)| n[0] + n[1]);
        let number = |wanted| list.iter().position(|&history| history == wanted).unwrap() as u8;
        let next = list.iter().map(|&h| [0, 1].map(|bit| number(successor(h, bit)))).collect();
        let prior = |&([n0, n1], _): &History| {
            let s = if n0 == 0 || n1 == 0 { 5 } else { 8 };
            ((n1 * 16 + s) << 16) / ((n0 + n1) * 16 + 2 * s)
        };
        Histories { next, prior: list.iter().map(prior).collect() }
    }
}

/// §5.1.3
#[derive(Clone, Default)]
struct InstructionParser {
    phase: u32,
    opcode: u32,
    modrm: u32,
    left: u32,
    immediate: u32,
    operand_16: bool,
    wide: bool,
    so_far: u32,
    before: [u32; 4],
}

fn operands(opcode: u32) -> (bool, u32) {
    match (opcode, opcode & 7) {
        (0..=0x3F, 0..=3) => (true, 0),
        (0..=0x3F, 4) => (false, 1),
        (0..=0x3F, 5) => (false, 4),
        (0x62 | 0x63 | 0x84..=0x8F | 0xC4 | 0xC5 | 0xD0..=0xD3 | 0xD8..=0xDF, _) => (true, 0),
        (0xF6 | 0xF7 | 0xFE | 0xFF, _) => (true, 0),
        (0x68 | 0xA0..=0xA3 | 0xA9 | 0xB8..=0xBF | 0xE8 | 0xE9, _) => (false, 4),
        (0x69 | 0x81 | 0xC7, _) => (true, 4),
        (0x6A | 0x70..=0x7F | 0xA8 | 0xB0..=0xB7 | 0xCD | 0xE0..=0xE7 | 0xEB, _) => (false, 1),
        (0x6B | 0x80 | 0x82 | 0x83 | 0xC0 | 0xC1 | 0xC6, _) => (true, 1),
        (0xC2, _) => (false, 2),
        (0xC8, _) => (false, 3),
        _ => (false, 0),
    }
}

fn operands_escaped(opcode: u32) -> (bool, u32) {
    match opcode {
        0x80..=0x8F => (false, 4),
        0x70..=0x73 | 0xA4 | 0xAC | 0xBA | 0xC2 | 0xC4..=0xC6 => (true, 1),
        0x05..=0x0B | 0x30..=0x37 | 0x77 | 0xA0..=0xA2 | 0xA8..=0xAA | 0xC8..=0xCF => (false, 0),
        _ => (true, 0),
    }
}

fn displacement(modrm: u32) -> u32 {
    match (modrm >> 6, modrm & 7) {
        (0, 5) | (2, _) => 4,
        (1, _) => 1,
        _ => 0,
    }
}

impl InstructionParser {
    fn position(&self) -> u64 {
        (self.phase << 4 | self.left & 15) as u64
    }

    fn push(&mut self, byte: u32) {
        self.so_far = self.so_far.wrapping_add(byte + 1).wrapping_mul(SMALL).rotate_left(11);
        match self.phase {
            0 => match byte {
                0x26 | 0x2E | 0x36 | 0x3E | 0x64 | 0x65 | 0xF0 | 0xF2 | 0xF3 => {}
                0x66 => self.operand_16 = true,
                0x40..=0x4F => self.wide = byte & 8 != 0,
                0x0F => self.phase = 1,
                0xC5 => (self.phase, self.left) = (3, 1),
                0xC4 => (self.phase, self.left) = (3, 2),
                _ => {
                    self.opcode = byte;
                    let (has_modrm, imm) = operands(byte);
                    let long = self.wide && byte & 0xF8 == 0xB8;
                    self.follow(has_modrm, if long { 8 } else { imm });
                }
            },
            1 if byte == 0x38 || byte == 0x3A => {
                self.immediate = (byte == 0x3A) as u32;
                (self.opcode, self.phase) = (byte << 8, 2);
            }
            1 => {
                self.opcode = 0x0F00 | byte;
                let (has_modrm, imm) = operands_escaped(byte);
                self.follow(has_modrm, imm);
            }
            2 => {
                self.opcode |= byte;
                self.follow(true, self.immediate);
            }
            3 => {
                self.left -= 1;
                if self.left == 0 {
                    self.phase = 1;
                }
            }
            4 => {
                self.modrm = byte;
                if (self.opcode == 0xF6 || self.opcode == 0xF7) && byte & 0x30 == 0 {
                    self.immediate = if self.opcode == 0xF6 { 1 } else { 4 };
                }
                if byte >> 6 != 3 && byte & 7 == 4 {
                    self.phase = 5;
                } else {
                    self.displace(displacement(byte));
                }
            }
            5 if self.modrm >> 6 == 0 && byte & 7 == 5 => self.displace(4),
            5 => self.displace(displacement(self.modrm)),
            _ => {
                self.left -= 1;
                if self.left == 0 {
                    self.end_field();
                }
            }
        }
    }

    fn follow(&mut self, has_modrm: bool, imm: u32) {
        self.immediate = if imm == 4 && self.operand_16 { 2 } else { imm };
        if has_modrm {
            self.phase = 4;
        } else {
            self.modrm = 0;
            self.displace(0);
        }
    }

    fn displace(&mut self, bytes: u32) {
        (self.phase, self.left) = (6, bytes);
        if bytes == 0 {
            self.end_field();
        }
    }

    fn end_field(&mut self) {
        if self.phase == 6 && self.immediate > 0 {
            (self.phase, self.left) = (7, self.immediate);
            return;
        }
        let [b0, b1, b2, _] = self.before;
        let before = [self.opcode << 8 | self.modrm, b0, b1, b2];
        *self = InstructionParser { before, left: self.left, ..InstructionParser::default() };
    }
}

/// §5.1.1
#[derive(Clone)]
struct ContextState {
    past: Vec<u8>,
    contexts: Contexts,
    spelling: Vec<Vec<u8>>,
    recent: u64,
    spelt: u64,
    word: u32,
    words: [u32; 3],
    column: usize,
    above: usize,
    line: usize,
    classes: u64,
    histories: Vec<Vec<u16>>,
    tags: [u32; 16],
    depth: usize,
    in_tag: Option<u32>,
    line_start: u32,
    number: u32,
    quote: u8,
    indent: usize,
    parser: InstructionParser,
    last_seen: [u32; 256],
    last_gap: [u32; 256],
    votes: [u32; 3],
    stride: usize,
}

fn class(byte: u8) -> u64 {
    let row = match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        b' ' => 4,
        b'\n' => 5,
        0 => 10,
        128..=191 => 11,
        192..=254 => 12,
        255 => 13,
        1..=31 => 14,
        _ => 15,
    };
    let marks = [(6, ".,;:!?"), (7, "\"'"), (8, "([{<"), (9, ")]}>")];
    let found = marks.iter().find(|(_, marks)| marks.bytes().any(|mark| mark == byte));
    found.map_or(row, |found| found.0)
}

impl ContextState {
    fn new(contexts: Contexts, indirect: usize, spelling: Vec<Vec<u8>>) -> ContextState {
        ContextState {
            past: Vec::new(),
            contexts,
            spelling,
            recent: 0,
            spelt: 0,
            word: 0,
            words: [0; 3],
            column: 0,
            above: 0,
            line: 0,
            classes: 0,
            histories: vec![vec![0; 65536]; indirect],
            tags: [0; 16],
            depth: 0,
            in_tag: None,
            line_start: 0,
            number: 0,
            quote: 0,
            indent: 0,
            parser: InstructionParser::default(),
            last_seen: [0; 256],
            last_gap: [0; 256],
            votes: [0; 3],
            stride: 4,
        }
    }

    fn push(&mut self, symbol: u8) {
        for (k, hash) in self.indirect_hashes() {
            let after = &mut self.histories[k][hash];
            *after = *after << 8 | symbol as u16;
        }
        self.past.push(symbol);
        self.recent = self.recent << 8 | symbol as u64;
        if self.contexts == Contexts::Binary {
            self.parser.push(symbol as u32);
            self.find_stride(symbol as usize);
        }
        let indenting = self.column == self.indent;
        self.column += 1;
        for byte in self.spelling[symbol as usize].clone() {
            if self.contexts != Contexts::Binary {
                self.read_markup(byte);
            }
            self.read(byte);
        }
        if indenting && (symbol == b' ' || symbol == b'\t') {
            self.indent += 1;
        }
    }

    fn read(&mut self, byte: u8) {
        self.spelt = self.spelt << 8 | byte as u64;
        self.classes = self.classes << 4 | class(byte);
        if byte.is_ascii_alphabetic() || byte >= 128 {
            let letter = byte.to_ascii_lowercase() as u32 + 1;
            self.word = self.word.wrapping_add(letter).wrapping_mul(SMALL).rotate_left(9);
        } else if self.word != 0 {
            self.words = [self.word, self.words[0], self.words[1]];
            self.word = 0;
        }
        if byte == b'\n' {
            (self.above, self.line) = (self.line, self.past.len());
            (self.column, self.indent, self.line_start) = (0, 0, 0);
        }
    }

    fn read_markup(&mut self, byte: u8) {
        let small = |hash: u32| hash.wrapping_add(byte as u32 + 1).wrapping_mul(SMALL);
        self.in_tag = match self.in_tag {
            None => (byte == b'<').then_some(0),
            Some(0) if byte == b'/' => {
                self.depth = self.depth.wrapping_sub(1);
                None
            }
            Some(name) if (b'A'..=b'z').contains(&byte) || byte.is_ascii_digit() => {
                Some(small(name))
            }
            Some(name) if byte == b':' || byte == b'-' => Some(small(name)),
            Some(name) => {
                if name != 0 {
                    self.depth = self.depth.wrapping_add(1);
                    self.tags[self.depth & 15] = name;
                }
                None
            }
        };
        self.number = match byte {
            b'0'..=b'9' => self.number << 2 | 1,
            b'.' | b',' | b':' | b'-' | b'/' if self.number != 0 => self.number << 2 | 2,
            _ => 0,
        };
        if byte == b'"' || byte == b'\n' {
            self.quote = if self.quote == 0 && byte == b'"' { byte } else { 0 };
        }
        if self.column < 4 {
            self.line_start = small(self.line_start);
        }
    }

    /// §5.1.4
    fn find_stride(&mut self, symbol: usize) {
        let position = self.past.len() as u32;
        let gap = position - self.last_seen[symbol];
        let same = gap == self.last_gap[symbol];
        (self.last_seen[symbol], self.last_gap[symbol]) = (position, gap);
        if same && gap > 2 && gap < 512 {
            if gap == self.votes[0] {
                self.votes[1] += 1;
                if self.votes[1] > 15 {
                    (self.stride, self.votes[1]) = (gap as usize, 0);
                }
            } else if gap == self.votes[2] {
                (self.votes[0], self.votes[1]) = (gap, 2);
            }
            self.votes[2] = gap;
        }
    }

    /// §5.1.2
    fn hashes(&self, contexts: usize) -> Vec<u32> {
        let values = match self.contexts {
            Contexts::Binary => self.binary(),
            Contexts::Text => self.text(),
            Contexts::Tokens => self.tokens(),
        };
        let hash = |(v, i): (&u64, u64)| {
            let mixed = v.wrapping_add(1).wrapping_mul(MULTIPLIER) ^ i.wrapping_mul(THIRD);
            (mixed.wrapping_mul(SECOND) >> 32) as u32
        };
        values.iter().zip(1..).take(contexts).map(hash).collect()
    }

    /// §5.1.5
    fn indirect_hashes(&self) -> Vec<(usize, usize)> {
        let r = self.recent;
        let own = match self.contexts {
            Contexts::Binary => {
                let parser = &self.parser;
                let at = parser.position();
                let instruction = at | ((parser.opcode << 8 | parser.modrm) as u64) << 8;
                let so_far = at | (parser.so_far as u64) << 8;
                let one = (parser.before[0] as u64) << 40;
                let two = one ^ (parser.before[1] as u64).wrapping_mul(MULTIPLIER);
                [so_far ^ one, instruction, so_far ^ two]
            }
            _ => {
                let word = self.word as u64;
                let [w1, w2, _] = self.words.map(u64::from);
                let tag = self.tags[self.depth & 15] as u64;
                [(word ^ w1 << 20) + (r & 255), tag << 8 ^ r & 255, word ^ w2 << 24]
            }
        };
        let [a, b, c] = own;
        let values = [r & 0xFF, r & 0xFFFF, r & 0xFF_FFFF, a, b, c, r & 0xFF_FF00];
        let hashes = values.map(|v| (v.wrapping_mul(MULTIPLIER) >> 48) as usize);
        hashes.into_iter().enumerate().take(self.histories.len()).collect()
    }

    fn after(&self) -> Vec<u16> {
        self.indirect_hashes().into_iter().map(|(k, hash)| self.histories[k][hash]).collect()
    }

    /// The names of both lists.
    fn common(&self) -> [u64; 6] {
        let after = self.after();
        let [f1, f2, f3] = [0, 1, 2].map(|k| after[k] as u64);
        [self.recent, self.recent & 255, f1, f2, f3, self.word as u64]
    }

    /// The names of the list Text.
    fn text_names(&self) -> [u64; 14] {
        let [w1, w2, w3] = self.words.map(u64::from);
        let at = self.above + self.column;
        let (mut above, mut diagonal) = (0, 0);
        if at < self.line {
            above = self.past[at] as u64;
            if self.column > 0 {
                diagonal = self.past[at - 1] as u64;
            }
        }
        let (column, indent) = (self.column.min(255) as u64, self.indent as u64);
        let [tag, parent] = [0, 1].map(|up| self.tags[self.depth.wrapping_sub(up) & 15] as u64);
        let (number, quote) = (self.number as u64, self.quote as u64);
        let folded = self.recent & 0xDFDF_DFDF_DFDF_DFDF;
        let (line, classes) = (self.line_start as u64, self.classes);
        [
            indent, number, quote, line, classes, w1, w2, w3, above, diagonal, column, tag, parent,
            folded,
        ]
    }

    #[rustfmt::skip]
    fn text(&self) -> [u64; 56] {
        let [r, c1, f1, f2, f3, word] = self.common();
        let [
            indent, number, quote, line, classes, w1, w2, w3, above, diagonal, column, tag,
            parent, folded,
        ] = self.text_names();
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            r & 0xFFFF_FFFF,
            r & 0xFFFF_FFFF_FFFF,
            word << 8,
            (word ^ w1 << 20) + c1,
            r & 0xFF_FFFF_FFFF,
            f2,
            word ^ w2 << 24,
            above << 16 | c1 << 8 | column << 32,
            r & 0xFF_FFFF_FFFF_FFFF,
            r >> 8 & 0xFFFF,
            r >> 8 & 0xFF_FFFF,
            f1 << 8 | c1,
            classes & 0xFFFF_FFFF,
            word ^ w1.wrapping_mul(MULTIPLIER) ^ w2 << 36,
            w1 << 16 | r & 0xFFFF,
            tag << 16 ^ word,
            (classes & 0xFFF) << 24 | r & 0xFFFF,
            indent | above << 16 | (classes & 0xFFF) << 32,
            f2 << 8 | c1,
            above << 24 | r & 0xFF_FFFF,
            r & 0xFF00_FFFF,
            r,
            r & 0xFF_00FF,
            r & 0xFFFF_0000,
            r & 0xFF_FFFF_0000,
            r & 0xFFFF_FFFF_FF00,
            r & 0xF0F0_F0F0_F0F0,
            folded & 0xFF_FFFF_FFFF,
            folded >> 8 & 0xFFFF_FFFF,
            f1 << 16 | r & 0xFFFF,
            w1 ^ w2 << 24,
            word ^ w3 << 24,
            (word ^ w1 << 20) ^ w3.wrapping_mul(MULTIPLIER),
            w1 << 8 | c1,
            w2 << 8 | c1,
            tag << 24 | r & 0xFF_FFFF,
            tag ^ parent << 20 ^ (word << 40),
            parent << 16 | r & 0xFFFF,
            line << 8 | c1,
            line ^ word << 32,
            column << 8 | c1,
            column << 16 | above << 8 | indent,
            above << 8 | diagonal << 16,
            above << 16 | r & 0xFFFF,
            classes & 0xFFFF_FFFF_FFFF,
            (classes & 0xFF_FFFF) << 24 | f1,
            classes & 0xF_FFFF | word << 24,
            (classes >> 4 & 0xFFFF_FFFF) << 8 | c1,
            number | (classes & 0xFF) << 32,
            f3 | (r & 0xFF) << 16,
            f3 | (r & 0xFF_FFFF) << 16,
            word << 8 | quote,
            0,
        ]
    }

    fn tokens(&self) -> [u64; 56] {
        let r = self.recent;
        let bytes = |n: u32| self.spelt & ((1 << (8 * n)) - 1) | 1 << 63;
        let mut values = self.text();
        values[3] = bytes(3);
        values[4] = bytes(5);
        values[7] = bytes(4);
        values[11] = bytes(6);
        values[12] = r & 0xFFFF_FFFF;
        values[13] = bytes(2);
        values
    }

    /// The symbol `n` before the next.
    fn back(&self, n: usize) -> u64 {
        self.past.len().checked_sub(n).map_or(0, |at| self.past[at] as u64)
    }

    /// The names of the list Binary.
    fn binary_names(&self) -> [u64; 16] {
        let (length, stride) = (self.past.len(), self.stride);
        let (up, up2) = (self.back(stride), self.back(2 * stride));
        let place = (length % stride) as u64 | (stride as u64) << 16;
        let (record, quad) = ((stride as u64) << 32, length as u64 & 3);
        let parser = &self.parser;
        let at = parser.position();
        let instruction = at | ((parser.opcode << 8 | parser.modrm) as u64) << 8;
        let so_far = at | (parser.so_far as u64) << 8;
        let [b0, b1, b2, b3] = parser.before.map(u64::from);
        let one = b0 << 40;
        let two = one ^ b1.wrapping_mul(MULTIPLIER);
        let three = two ^ b2.wrapping_mul(SECOND);
        let opcodes = (b0 >> 8) << 32 ^ (b1 >> 8) << 44 ^ (b2 >> 8).wrapping_mul(MULTIPLIER);
        [
            stride as u64,
            up,
            up2,
            place,
            record,
            quad,
            at,
            instruction,
            so_far,
            b0,
            b1,
            b3,
            one,
            two,
            three,
            opcodes,
        ]
    }

    #[rustfmt::skip]
    fn binary(&self) -> [u64; 56] {
        let [r, c1, f1, f2, f3, word] = self.common();
        let [
            stride, up, up2, place, record, quad, at, instruction, so_far, b0, b1, b3, one, two,
            three, opcodes,
        ] = self.binary_names();
        let stride = stride as usize;
        let back = |n| self.back(n);
        [
            r & 0xFF,
            r & 0xFFFF,
            r & 0xFF_FFFF,
            r & 0xFFFF_FFFF,
            r & 0xFFFF_FFFF_FFFF,
            so_far,
            so_far ^ one,
            up << 8 | c1 | record,
            r & 0xFF_FFFF_FFFF,
            so_far ^ two,
            instruction ^ opcodes,
            r >> 8 & 0xFFFF,
            r >> 8 & 0xFF_FFFF,
            up << 8 | up2 | record,
            f1 << 8 | c1,
            f2,
            so_far ^ three,
            r & 0xFF_00FF,
            r & 0xFF00_FFFF,
            r & 0xFFFF_0000,
            up << 16 | r & 0xFFFF | record,
            place | c1 << 32,
            instruction ^ opcodes ^ (b3 >> 8).wrapping_mul(SECOND),
            r & 0xFF_FFFF_FFFF_FFFF,
            r,
            word,
            r & 0xF0F0_F0F0,
            r & 0xF0F0_F0F0_F0F0_F0F0,
            r & 0xFFF0_F0F0,
            place,
            place | up << 32,
            up << 8 | up2 << 24 | c1 | record,
            up << 24 | r & 0xFF_FFFF | record,
            up << 8 | back(stride - 1) << 16 | c1 << 24 | record,
            back(stride + 1) << 8 | up | record,
            up.wrapping_sub(up2).wrapping_add(up) & 255 | record,
            back(4) << 8 | back(8) | quad << 16,
            back(4) << 8 | c1 | quad << 16,
            back(8) << 8 | c1,
            back(16) << 8 | c1 | quad << 16,
            c1 | quad << 8,
            r & 0xFFFF | quad << 16,
            r & 0xFF_FFFF | quad << 24,
            f2 << 8 | c1,
            f1 << 16 | r & 0xFFFF,
            f3 | (r & 0xFF_FFFF) << 16,
            instruction | c1 << 40,
            instruction ^ (b0 >> 8) << 40,
            instruction ^ one,
            at | opcodes << 8,
            so_far ^ (b1 << 40),
            so_far ^ opcodes.wrapping_mul(MULTIPLIER),
            r & 0xFFFF_FF00_0000,
            r & 0xFF00_0000_FFFF,
            r >> 16 & 0xFFFF_FFFF,
            0,
        ]
    }

    /// §5.6, "Selecting".
    fn ngrams(&self) -> [u32; NGRAMS] {
        let (r, word) = (self.recent, self.word as u64);
        let values = [
            r & 0xFFFF,
            r & 0xFF_FFFF,
            r & 0xFFFF_FFFF,
            r & 0xFFFF_FFFF_FFFF,
            word | (r & 255) << 32,
        ];
        core::array::from_fn(|table| {
            let j = table as u64 + 1;
            let mixed = values[table].wrapping_add(j).wrapping_mul(MULTIPLIER).rotate_left(31);
            (mixed.wrapping_mul(THIRD + 2 * j) >> 32) as u32
        })
    }
}

/// §5.1.6: what a vector has after some symbols.
pub struct ContextValues {
    /// Names of §5.1.2 and their values.
    pub names: Vec<(&'static str, u64)>,
    pub hashes: Vec<u32>,
    pub indirect: Vec<usize>,
    pub grams: [u32; NGRAMS],
}

/// §5.1.6: the vector of a list of contexts after `symbols`.
pub fn context_values(contexts: Contexts, symbols: &[u8]) -> ContextValues {
    let tokens = |s: u8| if s < 128 { vec![s] } else { vec![s - 128, 101] };
    let own = |s: u8| if contexts == Contexts::Tokens { tokens(s) } else { vec![s] };
    let mut state = ContextState::new(contexts, 7, (0..=255).map(own).collect());
    symbols.iter().for_each(|&symbol| state.push(symbol));
    let common = ["r", "c1", "f1", "f2", "f3", "word"];
    let text = [
        "indent", "number", "quote", "line", "classes", "w1", "w2", "w3", "above", "diagonal",
        "column", "tag", "parent", "folded",
    ];
    let binary = [
        "stride",
        "up",
        "up2",
        "place",
        "record",
        "quad",
        "at",
        "instruction",
        "so_far",
        "b0",
        "b1",
        "b3",
        "one",
        "two",
        "three",
        "opcodes",
    ];
    let mut names: Vec<_> = common.into_iter().zip(state.common()).collect();
    match contexts {
        Contexts::Binary => names.extend(binary.into_iter().zip(state.binary_names())),
        _ => names.extend(text.into_iter().zip(state.text_names())),
    }
    if contexts == Contexts::Tokens {
        names.push(("spelt", state.spelt));
    }
    ContextValues {
        names,
        hashes: state.hashes(56),
        indirect: state.indirect_hashes().into_iter().map(|(_, hash)| hash).collect(),
        grams: state.ngrams(),
    }
}

/// §5.4.1
#[derive(Clone, Copy, Default)]
struct Cell {
    p: u32,
    uses: u32,
    logistic: f32,
}

impl Cell {
    fn update(&mut self, bit: u32) {
        let (one, p) = (4_194_304.0, self.p as f32);
        let p = p + (bit as f32 * one - p) * (1.0 / (self.uses as f32 + 1.5));
        let p = p.max(256.0).min(one - 256.0);
        self.logistic = ln(p / (one - p));
        self.p = p as u32;
        self.uses = (self.uses + 1).min(STATE_MAP_LIMIT);
    }
}

/// §5.5
#[derive(Clone)]
struct MatchModel {
    minimum: usize,
    table: Vec<u32>,
    pointer: usize,
    length: usize,
    misses: usize,
    expected: Option<u8>,
    confidence: [[f32; 16]; 4],
    stretched: [[f32; 16]; 4],
    cell: (usize, usize),
    input: f32,
}

fn length_bucket(length: usize) -> usize {
    match length {
        0..=7 => length / 2,
        8..=15 => length / 4 + 2,
        16..=31 => length / 8 + 4,
        32..=399 => length.ilog2() as usize + 3,
        _ => 12,
    }
}

impl MatchModel {
    fn new(minimum: usize, log2: u32) -> MatchModel {
        MatchModel {
            minimum,
            table: vec![0; 1 << log2],
            pointer: 0,
            length: 0,
            misses: 0,
            expected: None,
            confidence: [[CONFIDENCE_FIRST; 16]; 4],
            stretched: [[CONFIDENCE_STRETCH; 16]; 4],
            cell: (0, 0),
            input: 0.0,
        }
    }

    fn advance(&mut self, past: &[u8]) {
        let n = past.len();
        if self.pointer > 0 {
            let (predicted, last) = (past[self.pointer], past[n - 1]);
            let right = (predicted ^ last).leading_zeros() as f32;
            let (misses, bucket) = self.cell;
            let mut t = self.confidence[misses][bucket];
            t += (1.0 - t) * (right * CONFIDENCE_RATE);
            if predicted != last {
                t -= t * CONFIDENCE_RATE;
            }
            t = t.clamp(0.01, 0.9998);
            self.confidence[misses][bucket] = t;
            self.stretched[misses][bucket] = stretch(t);
            self.pointer += 1;
            if predicted == last {
                self.length = (self.length + 1).min(LONGEST);
            } else {
                self.length = 0;
                self.misses += 1;
                if self.misses > 8 {
                    self.pointer = 0;
                }
            }
        }
    }

    fn find(&mut self, past: &[u8], recent: u64) {
        let n = past.len();
        if n >= self.minimum {
            let h = (recent << (64 - 8 * self.minimum)).wrapping_mul(MULTIPLIER);
            let log2 = self.table.len().ilog2();
            let index = (h ^ h >> 29).wrapping_mul(THIRD) >> (64 - log2);
            let candidate = self.table[index as usize] as usize;
            self.table[index as usize] = n as u32;
            if candidate > 0 && self.length < self.minimum {
                let pairs = past.iter().rev().zip(past[..candidate].iter().rev());
                let common = pairs.take(LONGEST).take_while(|(a, b)| a == b).count();
                if common >= self.minimum && common > self.length {
                    (self.pointer, self.length, self.misses) = (candidate, common, 0);
                }
            }
        }
        self.cell = (self.misses.min(3), length_bucket(self.length));
        self.expected = (self.pointer > 0).then(|| past[self.pointer]);
        let (misses, bucket) = self.cell;
        self.input = self.stretched[misses][bucket];
    }

    /// The expected symbol, if the model is active.
    fn active(&self, partial: u32, bit_index: u32) -> Option<u32> {
        let symbol = self.expected? as u32;
        ((symbol | 256) >> (8 - bit_index) == partial).then_some(symbol)
    }
}

/// §5.11
#[derive(Clone)]
struct Indirect {
    confidence: [f32; 2],
    stretched: [f32; 2],
    predicted: u8,
    repeated: usize,
}

impl Indirect {
    fn predict_symbol(&mut self, after: u16) {
        let [before, predicted] = after.to_be_bytes();
        (self.predicted, self.repeated) = (predicted, (before == predicted) as usize);
    }

    fn input(&self, partial: u32, bit_index: u32) -> f32 {
        let symbol = self.predicted as u32 | 256;
        let s = if symbol >> (7 - bit_index) & 1 == 1 { 1.0 } else { -1.0 };
        if symbol >> (8 - bit_index) == partial { s * self.stretched[self.repeated] } else { 0.0 }
    }

    fn learn_symbol(&mut self, symbol: u8) {
        let right = (self.predicted ^ symbol).leading_zeros() as f32;
        let wrong = (self.predicted != symbol) as u8 as f32;
        let mut t = self.confidence[self.repeated];
        t += (1.0 - t) * (right * CONFIDENCE_RATE);
        t -= (t * wrong) * CONFIDENCE_RATE;
        self.confidence[self.repeated] = t.clamp(0.01, 0.9998);
        self.stretched[self.repeated] = stretch(self.confidence[self.repeated]);
    }
}

/// §5.6
#[derive(Clone)]
struct Network {
    h: usize,
    residual: bool,
    log2_rows: u32,
    rows: Vec<f32>,
    hidden: Vec<f32>,
    bias: Vec<f32>,
    head: Vec<f32>,
    energy: f32,
    active: Vec<usize>,
    normal: Vec<f32>,
    deviation: f32,
    first: Vec<f32>,
    inner: Vec<f32>,
    second: Vec<f32>,
    gradient: Vec<f32>,
}

impl Network {
    fn new(class: &Class, log2_rows: u32) -> Network {
        let h = 16 * class.width;
        let mut noise = Noise(0x5045_4152);
        let mut rows: Vec<f32> = (0..POSITIONS * 256 * h).map(|_| noise.next(0.1)).collect();
        rows.resize(rows.len() + (NGRAMS << log2_rows) * h, 0.0);
        let square = if class.residual { h * h } else { 0 };
        Network {
            h,
            residual: class.residual,
            log2_rows,
            rows,
            hidden: (0..square).map(|_| noise.next(0.3)).collect(),
            bias: vec![0.0; h],
            head: vec![0.0; 256 * h],
            energy: 0.0001,
            active: Vec::new(),
            normal: Vec::new(),
            deviation: 0.0,
            first: Vec::new(),
            inner: Vec::new(),
            second: Vec::new(),
            gradient: Vec::new(),
        }
    }

    fn forward(&mut self, recent: u64, ngrams: [u32; NGRAMS]) {
        let (h, size) = (self.h, self.h as f32);
        let position = |k: usize| 256 * k + (recent >> (8 * k) & 255) as usize;
        self.active = (0..POSITIONS).map(position).collect();
        for (table, gram) in ngrams.into_iter().enumerate() {
            let row = (table << self.log2_rows) + (gram >> (32 - self.log2_rows)) as usize;
            self.active.push(POSITIONS * 256 + row);
        }
        let mut s = vec![0f32; h];
        for row in &self.active {
            for (s, value) in s.iter_mut().zip(&self.rows[row * h..]) {
                *s += value;
            }
        }
        let mean = sum(s.iter().copied()) / size;
        s.iter_mut().for_each(|s| *s -= mean);
        self.deviation = 1.0 / (sum(s.iter().map(|s| s * s)) / size + 1e-5).sqrt();
        self.normal = s.iter().map(|s| s * self.deviation).collect();
        self.first = self.normal.iter().map(|&x| if x > 0.0 { x } else { 0.0 }).collect();
        self.second = self.first.clone();
        if self.residual {
            self.inner = self.bias.clone();
            for k in 0..h {
                for (inner, w) in self.inner.iter_mut().zip(&self.hidden[k * h..]) {
                    *inner += self.first[k] * w;
                }
            }
            for (second, &inner) in self.second.iter_mut().zip(&self.inner) {
                *second += if inner > 0.0 { inner } else { 0.0 };
            }
        }
        self.gradient = vec![0.0; h];
    }

    fn predict(&self, partial: usize) -> f32 {
        let row = &self.head[partial * self.h..];
        let x = sum(self.second.iter().zip(row).map(|(x, w)| x * w));
        let x = if x > -9.0 { x } else { -9.0 };
        if x < 9.0 { x } else { 9.0 }
    }

    fn learn_bit(&mut self, partial: usize, error: f32) {
        let step = -error * HEAD_RATE;
        let row = &mut self.head[partial * self.h..];
        for ((v, gradient), second) in row.iter_mut().zip(&mut self.gradient).zip(&self.second) {
            *gradient += error * *v;
            *v += step * second;
        }
    }

    fn learn_symbol(&mut self) {
        let (h, size) = (self.h, self.h as f32);
        let open = |x: f32| ((if x > 0.0 { x } else { 0.0 }) * 1e30).min(1.0);
        let mut behind = vec![0f32; h];
        if self.residual {
            let outer: Vec<f32> =
                self.gradient.iter().zip(&self.inner).map(|(g, &x)| g * open(x)).collect();
            for (bias, outer) in self.bias.iter_mut().zip(&outer) {
                *bias += outer * -LAYER_RATE;
            }
            for (k, behind) in behind.iter_mut().enumerate() {
                let row = &mut self.hidden[k * h..][..h];
                *behind = sum(row.iter().zip(&outer).map(|(w, outer)| w * outer));
                let step = -LAYER_RATE * self.first[k];
                row.iter_mut().zip(&outer).for_each(|(w, outer)| *w += step * outer);
            }
        }
        let mut delta: Vec<f32> =
            (0..h).map(|j| (self.gradient[j] + behind[j]) * open(self.normal[j])).collect();
        let mean = sum(delta.iter().copied()) / size;
        let project = sum(delta.iter().zip(&self.normal).map(|(d, n)| d * n)) / size;
        for (delta, normal) in delta.iter_mut().zip(&self.normal) {
            *delta = ((*delta - mean) - normal * project) * self.deviation;
        }
        let square = sum(delta.iter().map(|d| d * d)) / size;
        self.energy += (square - self.energy) * ENERGY_RATE;
        let step = -ROW_RATE / (self.energy + 1e-8).sqrt();
        for row in &self.active {
            for (w, delta) in self.rows[row * h..].iter_mut().zip(&delta) {
                *w += step * delta;
            }
        }
    }
}

/// §5.8
#[derive(Clone)]
struct Apm {
    points: Vec<[u16; 24]>,
    rates: Vec<u32>,
    row: usize,
    point: usize,
    weight: f32,
    dither: u32,
}

impl Apm {
    fn new(log2: u32) -> Apm {
        let first = [
            21, 42, 85, 170, 342, 685, 1366, 2693, 5206, 9702, 16989, 27091, 38445, 48547, 55834,
            60330, 62843, 64170, 64851, 65194, 65366, 65451, 65494, 65515,
        ];
        let rates = vec![APM_RATE_FIRST; 1 << log2];
        Apm { points: vec![first; 1 << log2], rates, row: 0, point: 0, weight: 0.0, dither: 0 }
    }

    fn refine(&mut self, row: usize, y: f32) -> f32 {
        let row = row % self.points.len();
        let position = (y.clamp(-8.0, 8.0) + 8.05) * (1.0 / 0.7);
        (self.row, self.point) = (row, position as usize);
        self.weight = position - self.point as f32;
        let [a, b] = [0, 1].map(|k| self.points[row][self.point + k] as f32);
        (a + (b - a) * self.weight) * (1.0 / 65536.0)
    }

    fn update(&mut self, bit: u32) {
        let r = self.rates[self.row];
        self.dither = self.dither.wrapping_add(GOLDEN);
        let dither = (self.dither >> 16) as i32;
        let above = (self.weight * 65536.0) as u32;
        for (point, share) in [(self.point, 65536 - above), (self.point + 1, above)] {
            let step = ((r * share) >> 16) as i32;
            let v = &mut self.points[self.row][point];
            let change = ((bit as i32 * 65535 - *v as i32) * step + dither) >> 16;
            *v = (*v as i32 + change) as u16;
        }
        self.rates[self.row] = (r - ((((r * r) >> 16) * APM_RATE_FALL) >> 16)).max(APM_RATE_LAST);
    }
}

/// §5.4.2
#[derive(Clone)]
struct Counters {
    dither: Vec<u32>,
}

impl Counters {
    fn predict(c: i16) -> f32 {
        let q = (c as i32 + (1 << 15)) >> 4;
        stretch((q as f32 + 0.5) * (1.0 / 4096.0))
    }

    fn update(&mut self, i: usize, c: &mut i16, bit: u32) {
        let u = *c as i32 + (1 << 15);
        let (q, count) = ((u >> 4) as f32, (u & 15) as usize);
        let high = (self.dither[i] >> 24) as f32 * (1.0 / 256.0);
        let low = (self.dither[i] >> 16 & 255) as f32 * (1.0 / 256.0);
        self.dither[i] = self.dither[i].wrapping_add(0xE377_9B10);
        let q = (q + ((bit as f32 * 4096.0 - 0.5) - q) * RATE_OF[count]) + high;
        let q = q.clamp(0.0, 4095.0) as i32;
        let count = count as i32 + (RAISE[count] + low) as i32;
        *c = ((q << 4 | count) - (1 << 15)) as i16;
    }
}

/// §5.7
fn mixer_rate(class: &Class, contexts: Contexts, n: usize) -> f32 {
    let ([binary, text], n) = (class.rates, n as f32);
    let early = WARM_UP_HALF / (WARM_UP_HALF + n);
    match contexts {
        Contexts::Binary => binary * (1.0 + BINARY_WARM_UP * early),
        _ => text * (1.0 + TEXT_WARM_UP * early) * (DECAY / (DECAY + n)).sqrt(),
    }
}

/// §5.7, mixer_contexts.
fn hashed(v: u32) -> usize {
    (v.wrapping_mul(GOLDEN) >> 20) as usize
}

const NIBBLE_RATE: [i16; 16] = [95, 58, 40, 31, 25, 21, 18, 15, 12, 10, 8, 7, 6, 5, 4, 4];
const NIBBLE_RAISE: [i16; 16] =
    [127, 127, 127, 127, 127, 127, 127, 64, 64, 42, 32, 26, 18, 13, 9, 0];
const BIT_STRETCH: f32 = 8.262_958e-8;
const NIBBLE_WEIGHT: f32 = 4.0;

/// §5.12
#[derive(Clone)]
struct Nibbles {
    slots: Vec<[[i16; 16]; 2]>,
    dither: [i16; 16],
    weights: Vec<Vec<[f32; 16]>>,
    /// Of the nibble: the slots and where they are, the sets, the inputs, `p`.
    found: Vec<(usize, usize, [i16; 16])>,
    sets: [usize; 2],
    x: Vec<[f32; 16]>,
    p: [f32; 16],
}

/// The lanes on the path of a nibble, with their bits.
fn path(nibble: usize) -> [(usize, u32); 4] {
    [0, 1, 2, 3].map(|k| ((nibble | 16) >> (4 - k), (nibble >> (3 - k) & 1) as u32))
}

impl Nibbles {
    fn new(log2_bytes: u32, inputs: usize) -> Nibbles {
        let first = NIBBLE_WEIGHT / inputs as f32 / 2.0;
        Nibbles {
            slots: vec![[[0; 16]; 2]; 1 << (log2_bytes - 6)],
            dither: core::array::from_fn(|i| (i as u16).wrapping_mul(0x9E37) as i16),
            weights: vec![vec![[first; 16]; inputs]; 68 + 512],
            found: Vec::new(),
            sets: [0; 2],
            x: vec![[0.0; 16]; inputs],
            p: [0.0; 16],
        }
    }

    fn predict(
        &mut self,
        hashes: &[u32],
        high: Option<usize>,
        expected: &[(u8, f32)],
        sets: [usize; 2],
    ) -> [u32; 16] {
        self.found.clear();
        self.x.fill([0.0; 16]);
        for (k, &h) in hashes.iter().enumerate() {
            let (line, nibble) = match high {
                None => (h, 1),
                Some(high) => (h ^ (high as u32).wrapping_mul(GOLDEN) >> 7, high as u32 + 16),
            };
            let check = ((h >> 16) ^ (nibble * 0x9D3)) as i16 | 1;
            let line = line as usize % self.slots.len();
            let pair = &self.slots[line];
            let hit = pair.iter().position(|slot| slot[0] == check);
            let least = (pair[1][1] & 15 < pair[0][1] & 15) as usize;
            let mut slot = hit.map_or([0; 16], |at| pair[at]);
            slot[0] = check;
            self.found.push((line, hit.unwrap_or(least), slot));
            for (x, c) in self.x[k].iter_mut().zip(slot) {
                let u = (c as i32 + (1 << 15)) | 15;
                let bits = |x: i32| (x as f32).to_bits() as i32;
                *x = (bits(u) - bits(65_551 - u)) as f32 * BIT_STRETCH;
            }
        }
        for (x, &(nibble, s)) in self.x[hashes.len()..].iter_mut().zip(expected) {
            for (lane, bit) in path(nibble as usize) {
                x[lane] = if bit == 1 { s } else { -s };
            }
        }
        self.sets = sets;
        let [a, b] = sets.map(|set| &self.weights[set]);
        core::array::from_fn(|lane| {
            let y =
                (0..self.x.len()).fold(0.0, |y, k| y + self.x[k][lane] * (a[k][lane] + b[k][lane]));
            self.p[lane] = squash(y.clamp(-CLAMP, CLAMP));
            ((self.p[lane] * 65536.0) as u32 + 1).min(65_535)
        })
    }

    fn learn(&mut self, nibble: usize, rate: f32) {
        for (lane, bit) in path(nibble) {
            let step = (bit as f32 - self.p[lane]) * rate;
            for set in self.sets {
                for (w, x) in self.weights[set].iter_mut().zip(&self.x) {
                    w[lane] += step * x[lane];
                }
            }
        }
        for d in &mut self.dither {
            *d = d.wrapping_add(0x9E37_u16 as i16);
        }
        for (line, at, mut slot) in self.found.drain(..) {
            for (lane, bit) in path(nibble) {
                let (c, d) = (&mut slot[lane], self.dither[lane]);
                let count = *c & 15;
                let q = *c - count;
                let goal: i16 = if bit == 1 { 16_383 } else { -16_384 };
                let error = goal - (q >> 1);
                let rate = NIBBLE_RATE[count as usize] as i32 * 256;
                let half = ((error as i32 * rate + (1 << 14)) >> 15) as i16;
                let q = q.saturating_add(half).saturating_add(half);
                let q = q.saturating_add((d as u16 >> 12) as i16) & !15;
                let raised = NIBBLE_RAISE[count as usize] * 256 > d & 0x7FFF;
                *c = q | (count + raised as i16);
            }
            self.slots[line][at] = slot;
        }
    }
}

/// §5
#[derive(Clone)]
struct Engine {
    class: Class,
    state: ContextState,
    partial: u32,
    bit_index: u32,
    node: usize,
    rate: f32,
    histories: Histories,
    buckets: Vec<[[u8; 16]; 4]>,
    hashes: Vec<u32>,
    slots: Vec<[u8; 16]>,
    places: Vec<(usize, usize)>,
    seen: usize,
    /// `[contexts][256]`
    state_maps: Vec<Vec<Cell>>,
    /// Beside `buckets`.
    counter_buckets: Vec<[[i16; 16]; 4]>,
    counts: Vec<[i16; 16]>,
    counters: Counters,
    /// §5.10
    probabilities: [[i32; 4]; 6],
    expected: Option<(u8, usize, usize)>,
    match_models: Vec<MatchModel>,
    indirect: Vec<Indirect>,
    network: Network,
    /// Mixer context, set.
    weights: Vec<Vec<Vec<f32>>>,
    selected: Vec<usize>,
    inputs: Vec<f32>,
    mixed: f32,
    alone: f32,
    apms: Vec<Apm>,
    /// Only in the classes Swift and Quick.
    nibbles: Option<Nibbles>,
}

impl Engine {
    fn new(model: u16, count: usize, spelling: Vec<Vec<u8>>) -> Result<Engine> {
        let (class, contexts) = registered(model)?;
        let n = count.max(1);
        let slots = (n * class.contexts * 8).ilog2().clamp(14, class.most_hash_table);
        let rows = n.ilog2().clamp(8, class.most_rows);
        let log2 = n.ilog2().clamp(8, 22);
        let apm = n.ilog2().clamp(8, 16);
        let histories = Histories::new();
        let mut map = vec![Cell::default(); 256];
        for (cell, &prior) in map.iter_mut().zip(&histories.prior) {
            *cell = Cell { p: prior * 64, uses: 0, logistic: stretch(prior as f32 / 65536.0) };
        }
        let weight = (FIRST_WEIGHT / class.contexts as f32) / class.mixer_contexts as f32;
        let weights = vec![weight; 16 * class.vectors];
        let match_models = &MATCH_LENGTHS[..class.match_models];
        let indirect = |_| Indirect {
            confidence: [CONFIDENCE_FIRST; 2],
            stretched: [CONFIDENCE_STRETCH; 2],
            predicted: 0,
            repeated: 0,
        };
        let dither = |i| GOLDEN.wrapping_mul(i as u32 % 16 + 1);
        let mut engine = Engine {
            state: ContextState::new(contexts, class.indirect, spelling),
            partial: 1,
            bit_index: 0,
            node: 1,
            rate: mixer_rate(&class, contexts, 0),
            histories,
            buckets: vec![[[0; 16]; 4]; 1 << (slots - 6)],
            hashes: Vec::new(),
            slots: vec![[0; 16]; class.contexts],
            places: vec![(0, 0); class.contexts],
            seen: 0,
            state_maps: vec![map; class.contexts],
            counter_buckets: vec![
                [[0; 16]; 4];
                if class.counters > 0 { 1 << (slots - 6) } else { 0 }
            ],
            counts: vec![[0; 16]; class.counters],
            counters: Counters { dither: (0..class.counters).map(dither).collect() },
            probabilities: [[ESCAPE_FIRST; 4]; 6],
            expected: None,
            match_models: match_models
                .iter()
                .map(|&minimum| MatchModel::new(minimum, log2))
                .collect(),
            indirect: (0..class.indirect).map(indirect).collect(),
            network: Network::new(&class, rows),
            weights: Vec::new(),
            selected: Vec::new(),
            inputs: vec![0.0; 16 * class.vectors],
            mixed: 0.5,
            alone: 0.5,
            apms: (0..class.apm_stages).map(|_| Apm::new(apm)).collect(),
            nibbles: (class.width == 0)
                .then(|| Nibbles::new(slots, class.contexts + 1 + class.indirect)),
            class,
        };
        let contexts = engine.mixer_contexts(0, 0, 0).into_iter().take(class.mixer_contexts);
        engine.weights = contexts.map(|(sets, _)| vec![weights.clone(); sets]).collect();
        Ok(engine)
    }

    /// §5.7: sets and the set selected, of each mixer context.
    fn mixer_contexts(
        &self,
        expected: usize,
        strength: usize,
        other: usize,
    ) -> Vec<(usize, usize)> {
        let (partial, bit) = (self.partial as usize, self.bit_index as usize);
        let recent = self.state.recent as usize;
        let certainty = (strength > 0) as usize + (strength > 9) as usize;
        vec![
            (256, partial),
            (768, (recent & 255) + 256 * certainty),
            (2048, self.seen * 256 + strength.min(15) * 8 + bit),
            (2048, (self.state.classes & 255) as usize * 8 + bit),
            (256, recent >> 8 & 255),
            (2048, expected * 8 + bit),
            (2048, self.state.parser.position() as usize * 8 + bit),
            (256, recent >> 16 & 255),
            (4096, hashed(self.state.word)),
            (4096, hashed(recent as u32 & 0xFFFF)),
            (2048, other * 8 + bit),
            (4096, hashed(self.state.words[0])),
        ]
    }

    /// If there is a flag: the predicted symbol and the probability that it comes.
    fn begin_symbol(&mut self) -> Option<(u8, u32)> {
        self.expected = None;
        if !self.state.past.is_empty() {
            for model in &mut self.match_models {
                model.advance(&self.state.past);
            }
        }
        let MatchModel { pointer, length, .. } = self.match_models[0];
        let (escape_length, escape_probability) = self.class.escape?;
        if pointer == 0 || length < escape_length {
            return None;
        }
        let symbol = self.state.past[pointer];
        let doublings = (length / escape_length).ilog2() as usize;
        let after = self.state.after();
        let agreement = |k: usize| (after[k] as u8 == symbol) as usize;
        let agreement = agreement(1) + 2 * agreement(2);
        self.expected = Some((symbol, doublings, agreement));
        let p = self.probabilities[doublings][agreement];
        (p >= escape_probability).then_some((symbol, p as u32))
    }

    fn find(&mut self) {
        if !self.state.past.is_empty() {
            for model in &mut self.match_models {
                model.find(&self.state.past, self.state.recent);
            }
        }
    }

    fn prepare(&mut self) {
        self.hashes = self.state.hashes(self.class.contexts);
        self.find();
        for (indirect, after) in self.indirect.iter_mut().zip(self.state.after()) {
            indirect.predict_symbol(after);
        }
        self.network.forward(self.state.recent, self.state.ngrams());
        self.select(0);
    }

    fn accept(&mut self, symbol: u8) {
        self.find();
        self.append(symbol);
    }

    /// §5.10
    fn append(&mut self, symbol: u8) {
        if let Some((expected, doublings, agreement)) = self.expected {
            let p = &mut self.probabilities[doublings][agreement];
            let t = if expected == symbol { 65_535 } else { 0 };
            *p += (t - *p) >> ESCAPE_SHIFT;
        }
        self.state.push(symbol);
    }

    /// §5.3
    fn select(&mut self, nibble: u32) {
        for i in 0..self.class.contexts {
            let (line, slot) = self.places[i];
            self.buckets[line][slot] = self.slots[i];
            if i < self.class.counters {
                self.counter_buckets[line][slot] = self.counts[i];
            }
            let checksum = ((self.hashes[i] >> 24) ^ nibble.wrapping_mul(0x9D)) as u8;
            let line = (self.hashes[i] ^ nibble >> 1) as usize % self.buckets.len();
            let slots = &self.buckets[line];
            let hit = slots.iter().position(|slot| slot[0] == checksum);
            let least = (0..4).min_by_key(|&slot| slots[slot][1]).unwrap_or(0);
            self.slots[i] = hit.map_or([0; 16], |slot| slots[slot]);
            self.slots[i][0] = checksum;
            self.places[i] = (line, hit.unwrap_or(least));
        }
        for i in 0..self.class.counters {
            let (line, slot) = self.places[i];
            let known = self.slots[i][1] != 0;
            self.counts[i] = if known { self.counter_buckets[line][slot] } else { [0; 16] };
        }
        self.node = 1;
        self.seen = self.slots.iter().skip(1).take(6).filter(|slot| slot[1] != 0).count();
    }

    fn cell(&mut self, i: usize) -> &mut Cell {
        &mut self.state_maps[i][self.slots[i][self.node] as usize]
    }

    fn predict(&mut self) -> u32 {
        let (partial, bit) = (self.partial as usize, self.bit_index as usize);
        let layout = Layout::of(&self.class);
        self.inputs.fill(0.0);
        for i in 0..self.class.contexts {
            let cell = *self.cell(i);
            self.inputs[i] = cell.logistic;
        }
        for (i, counts) in self.counts.iter().enumerate() {
            self.inputs[layout.counters + i] = Counters::predict(counts[self.node]);
        }
        let network = self.network.predict(partial);
        let (mut expected, mut strength, mut other) = (0, 0, 0);
        for (k, model) in self.match_models.iter().enumerate() {
            let active = model.active(self.partial, self.bit_index);
            other = active.unwrap_or(0) as usize;
            if let Some(symbol) = active {
                let s = if symbol >> (7 - bit) & 1 == 1 { 1.0 } else { -1.0 };
                self.inputs[layout.match_models + k] = s * model.input;
                expected = symbol as usize;
                strength = strength.max(1 + length_bucket(model.length));
            }
        }
        self.inputs[layout.bias] = BIAS;
        for (k, indirect) in self.indirect.iter().enumerate() {
            self.inputs[layout.indirect + k] = indirect.input(self.partial, self.bit_index);
        }
        let recent = self.state.recent as usize;
        let c1 = recent & 255;
        let contexts = self.mixer_contexts(expected, strength, other).into_iter();
        let sets = contexts.take(self.class.mixer_contexts).map(|(_, set)| set);
        self.selected = sets.collect();
        let y = self.mix(network);
        (self.mixed, self.alone) = (squash(y), squash(network));
        self.inputs[layout.network] = network;
        let third = (recent as u32 & 0xFFFF | self.partial << 16).wrapping_mul(GOLDEN) >> 16;
        let rows = [partial | c1 << 8, expected | partial << 8, third as usize];
        let stages = self.apms.len() as f32;
        let refined = self.apms.iter_mut().zip(rows).map(|(map, row)| map.refine(row, y));
        let refined = refined.fold(0.0, |sum, refined| sum + refined);
        let p = match stages {
            0.0 => self.mixed,
            _ => self.mixed * (1.0 - APM_WEIGHT) + refined * (APM_WEIGHT / stages),
        };
        ((p * 65536.0) as u32).clamp(1, 65535)
    }

    /// §5.7, steps 1 and 2.
    fn mix(&self, network: f32) -> f32 {
        let sets: Vec<_> =
            self.selected.iter().zip(&self.weights).map(|(&set, w)| &w[set]).collect();
        let weight = |i: usize| sets[1..].iter().fold(sets[0][i], |sum, set| sum + set[i]);
        let y = sum(self.inputs.iter().enumerate().map(|(i, x)| x * weight(i)));
        (y + network * weight(Layout::of(&self.class).network)).clamp(-CLAMP, CLAMP)
    }

    fn update(&mut self, bit: u32) {
        let partial = self.partial as usize;
        let step = (bit as f32 - self.mixed) * self.rate;
        for (&set, weights) in self.selected.iter().zip(&mut self.weights) {
            for (w, x) in weights[set].iter_mut().zip(&self.inputs) {
                *w += step * x;
            }
        }
        for map in &mut self.apms {
            map.update(bit);
        }
        for i in 0..self.class.contexts {
            self.cell(i).update(bit);
            let history = &mut self.slots[i][self.node];
            *history = self.histories.next[*history as usize][bit as usize];
        }
        for (i, counts) in self.counts.iter_mut().enumerate() {
            self.counters.update(i, &mut counts[self.node], bit);
        }
        self.network.learn_bit(partial, self.alone - bit as f32);
        self.partial = self.partial << 1 | bit;
        self.node = self.node << 1 | bit as usize;
        self.bit_index += 1;
        if self.bit_index == 4 {
            self.select(self.partial);
        }
    }

    /// The bits of a symbol, each by `bit`, which gets its probability.
    fn code(&mut self, mut bit: impl FnMut(u32) -> u32) {
        if let Some(nibbles) = self.nibbles.take() {
            return self.code_nibbles(nibbles, bit);
        }
        self.prepare();
        for _ in 0..8 {
            let bit = bit(self.predict());
            self.update(bit);
        }
        self.end_symbol();
    }

    /// §5.12
    fn code_nibbles(&mut self, mut nibbles: Nibbles, mut bit: impl FnMut(u32) -> u32) {
        let hashes = self.state.hashes(8);
        let binary = self.state.contexts == Contexts::Binary;
        let chosen = if binary { [0, 1, 2, 5, 6, 7, 3, 4] } else { [0, 1, 2, 3, 5, 6, 4, 7] };
        let hashes: Vec<u32> = chosen[..self.class.contexts].iter().map(|&k| hashes[k]).collect();
        self.find();
        for (indirect, after) in self.indirect.iter_mut().zip(self.state.after()) {
            indirect.predict_symbol(after);
        }
        let model = &self.match_models[0];
        let mut expected = vec![(model.expected.unwrap_or(0), model.input)];
        if model.expected.is_none() {
            expected[0].1 = 0.0;
        }
        expected.extend(self.indirect.iter().map(|k| (k.predicted, k.stretched[k.repeated])));
        let certainty = (length_bucket(model.length) / 4 + 1).min(3);
        let place = match binary {
            true => self.state.parser.position() as usize,
            false => self.state.recent as usize & 255,
        };
        let mut symbol = 0;
        for high in [None, Some(())] {
            let high = high.map(|()| symbol);
            let fits = |symbol: u8| high.is_none_or(|high| symbol >> 4 == high as u8);
            let certainty = if model.expected.is_some_and(fits) { certainty } else { 0 };
            let sets = match high {
                None => [certainty, 68 + place],
                Some(high) => [4 * (high + 1) + certainty, 68 + 256 + place],
            };
            let of_nibble = |&(symbol, strength): &(u8, f32)| match high {
                None => (symbol >> 4, strength),
                Some(_) => (symbol & 15, if fits(symbol) { strength } else { 0.0 }),
            };
            let expected = expected.iter().map(of_nibble).collect::<Vec<_>>();
            let nodes = nibbles.predict(&hashes, high, &expected, sets);
            let mut node = 1;
            for _ in 0..4 {
                node = node << 1 | bit(nodes[node]) as usize;
            }
            nibbles.learn(node & 15, self.rate);
            symbol = symbol << 4 | node & 15;
        }
        self.rate = mixer_rate(&self.class, self.state.contexts, self.state.past.len());
        for indirect in &mut self.indirect {
            indirect.learn_symbol(symbol as u8);
        }
        self.append(symbol as u8);
        self.nibbles = Some(nibbles);
    }

    fn end_symbol(&mut self) {
        self.rate = mixer_rate(&self.class, self.state.contexts, self.state.past.len());
        self.network.learn_symbol();
        for indirect in &mut self.indirect {
            indirect.learn_symbol(self.partial as u8);
        }
        self.append(self.partial as u8);
        (self.partial, self.bit_index) = (1, 0);
    }
}
