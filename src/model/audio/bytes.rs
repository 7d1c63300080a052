//! Bytes that are no samples: by the one, two and three bytes before them, and by those that
//! stood at the same place between the last two segments.
//!
//! Normative text: spec/codec.md §9.9.

use super::Bits;
use super::maps::Maps;
use crate::arith::{Simd, Vector, math};
use crate::model::hash::{GOLDEN, hashed};
use crate::model::layout::Lanes;
use crate::model::mixer::Mixer;

/// Log2 of the cells of a context.
const LOG2: u32 = 18;
/// Contexts.
const CONTEXTS: usize = 6;
/// Bytes between two segments that are compared with those between the next two.
const COMPARED: usize = 256;
/// Learning rate of the mixer.
const RATE: f32 = 0.003;
/// The input that never changes, and its lane.
const BIAS: f32 = 0.3;
/// See [`BIAS`].
const BIAS_LANE: Lanes = Lanes { vector: 0, lane: 15, count: 1 };

/// The model of bytes.
#[derive(Clone, Debug)]
pub struct ByteModel {
    maps: Maps,
    mixer: Mixer<[Vector; 1], [usize; 2]>,
    /// The last four bytes.
    recent: u32,
    /// The bytes since the last segment, and those before the segment before.
    gaps: [Vec<u8>; 2],
}

impl Default for ByteModel {
    fn default() -> ByteModel {
        ByteModel {
            maps: Maps::new(CONTEXTS << LOG2),
            mixer: Mixer::new(&[256, 512], 0.3),
            recent: 0,
            gaps: Default::default(),
        }
    }
}

impl ByteModel {
    /// Says that a segment begins here.
    pub fn segment(&mut self) {
        self.gaps.swap(0, 1);
        self.gaps[0].clear();
    }

    /// Codes a byte, the highest bit first.
    #[inline(always)]
    pub fn code<S: Simd>(&mut self, simd: S, bits: &mut impl Bits, byte: u8) -> u8 {
        let place = self.gaps[0].len();
        let expected = self.gaps[1].get(place).map_or(0, |&byte| 256 | byte as usize);
        let recent = self.recent;
        let masks = [0, 0xFF, 0xFFFF, 0xFF_FFFF, u32::MAX];
        let mut hashes = [0u32; CONTEXTS];
        for (order, mask) in masks.into_iter().enumerate() {
            hashes[order] = (recent & mask).wrapping_add(order as u32).wrapping_mul(GOLDEN);
        }
        hashes[5] = ((place as u32) << 9 | expected as u32).wrapping_mul(GOLDEN);
        let mut partial = 1;
        for index in (0..8).rev() {
            let cells: [usize; CONTEXTS] = core::array::from_fn(|context| {
                let hash = hashes[context].rotate_left(9) ^ partial as u32;
                context << LOG2 | hashed::<LOG2>(hash)
            });
            let mut inputs = [Vector::ZERO];
            simd.store(&mut inputs[0].0, self.maps.predict(simd, &cells));
            inputs[0].0[BIAS_LANE.lane] = BIAS;
            let agrees = expected >> (index + 1) == partial;
            let selected = [partial, if agrees { expected } else { 0 }];
            let x = self.mixer.mix(simd, &inputs, (BIAS_LANE, 0.0), &selected);
            let p = simd.first(math::squash(simd, simd.splat(x)));
            let bit = (byte >> index) as u32 & 1;
            let bit = bits.code(((p * 65536.0) as u32).clamp(1, 65535), bit);
            self.mixer.update(simd, &inputs, (bit as f32 - p) * RATE);
            self.maps.update(simd, &cells, bit);
            partial = partial << 1 | bit as usize;
        }
        self.take_in(partial as u8)
    }

    fn take_in(&mut self, byte: u8) -> u8 {
        self.recent = self.recent << 8 | byte as u32;
        if self.gaps[0].len() < COMPARED {
            self.gaps[0].push(byte);
        }
        byte
    }
}
