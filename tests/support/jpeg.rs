//! JPEGs made here: grey, baseline, with one table of each kind.

/// Appends bits, the highest first, as a scan holds them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for k in (0..count).rev() {
            self.held = self.held << 1 | value >> k & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held as u8 == 0xFF {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count > 0 {
            self.put(1, 1);
        }
        self.bytes
    }
}

/// Returns a JPEG of `side` × `side` pixels, a multiple of 8; another one for each seed.
pub fn jpeg(side: u16, seed: u32) -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    jpeg.extend([16; 64]);
    jpeg.extend([0xFF, 0xC0, 0, 11, 8]);
    jpeg.extend([side.to_be_bytes(), side.to_be_bytes()].concat());
    jpeg.extend([1, 1, 0x11, 0]);
    // The codes 0 and 10 for the values 0 and 1.
    for class in [0x00, 0x10] {
        jpeg.extend([0xFF, 0xC4, 0, 21, class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        jpeg.extend([0, 1]);
    }
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut random = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    let (mut bits, mut level) = (Bits::default(), 0_i32);
    for _ in 0..(u32::from(side) / 8).pow(2) {
        // The mean brightness wanders, and stays in its range.
        let step = if level.abs() < 20 { random(3) as i32 - 1 } else { -level.signum() };
        level += step;
        match step {
            0 => bits.put(0, 1),
            step => bits.put(0b100 | (step > 0) as u32, 3),
        }
        for _ in 0..random(24) {
            bits.put(0b100 | random(2), 3);
        }
        bits.put(0, 1);
    }
    jpeg.extend(bits.finish());
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}
