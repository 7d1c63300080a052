//! The rows around the current pixel: samples, and how wrong they were predicted.
//!
//! Normative text: spec/codec.md §8.3.

/// What the samples of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Measures of light of 8 bits.
    Light,
    /// Numbers of a palette, several samples in a byte, or any bytes.
    Index,
    /// Measures of light of 16 bits.
    Deep,
}

/// The shape of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Pixels of a row.
    pub width: usize,
    /// Samples of a pixel, 1 ..= 4.
    pub planes: usize,
    /// What they are.
    pub samples: Samples,
}

impl Shape {
    /// Returns the bytes of a sample.
    pub fn depth(&self) -> usize {
        if self.samples == Samples::Deep { 2 } else { 1 }
    }

    /// Returns the bytes of a pixel.
    pub fn pixel(&self) -> usize {
        self.planes * self.depth()
    }
}

/// Pixels beside a row that neighbours are read from.
pub const MARGIN: usize = 4;
/// Rows that are kept: the current one and those above it.
pub const KEPT: usize = 3;

/// The neighbours of a sample in its plane, by direction: `nne` is two rows up and one
/// to the right.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Near {
    pub w: i32,
    pub n: i32,
    pub nw: i32,
    pub ne: i32,
    pub ww: i32,
    pub nn: i32,
    pub nne: i32,
    pub nee: i32,
    pub nww: i32,
    pub nnw: i32,
    pub www: i32,
    pub neee: i32,
}

impl Near {
    /// Returns the neighbours, each changed by `change`.
    #[inline(always)]
    pub fn map(&self, change: impl Fn(i32) -> i32) -> Near {
        Near {
            w: change(self.w),
            n: change(self.n),
            nw: change(self.nw),
            ne: change(self.ne),
            ww: change(self.ww),
            nn: change(self.nn),
            nne: change(self.nne),
            nee: change(self.nee),
            nww: change(self.nww),
            nnw: change(self.nnw),
            www: change(self.www),
            neee: change(self.neee),
        }
    }
}

/// The current row and two above it.
pub struct Rows {
    shape: Shape,
    /// Numbers of a row with its margins.
    stride: usize,
    samples: Vec<i32>,
    errors: Vec<i32>,
    /// Place of the current row among those kept.
    place: usize,
    /// Number of the current row in the picture.
    y: usize,
}

impl Rows {
    /// Makes the rows of a picture, all zero.
    pub fn new(shape: Shape) -> Rows {
        let stride = (shape.width + 2 * MARGIN) * shape.planes;
        let numbers = vec![0; KEPT * stride];
        Rows { shape, stride, samples: numbers.clone(), errors: numbers, place: 0, y: 0 }
    }

    /// Returns an upper bound of the bytes that the rows of a picture with `samples` samples
    /// in a row take.
    pub const fn memory(samples: usize) -> u64 {
        (8 * KEPT * (samples + 2 * MARGIN * 4)) as u64
    }

    /// Returns the shape of the picture.
    #[inline(always)]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns where plane `k` of pixel `x` is in the current row and in those above it.
    #[inline(always)]
    fn places(&self, x: usize, k: usize) -> [usize; KEPT] {
        let within = (MARGIN + x) * self.shape.planes + k;
        [0, 1, 2].map(|above| (self.place + KEPT - above) % KEPT * self.stride + within)
    }

    #[inline(always)]
    fn near(rows: &[i32], [row, up, upper]: [usize; KEPT], n: usize) -> Near {
        Near {
            w: rows[row - n],
            n: rows[up],
            nw: rows[up - n],
            ne: rows[up + n],
            ww: rows[row - 2 * n],
            nn: rows[upper],
            nne: rows[upper + n],
            nee: rows[up + 2 * n],
            nww: rows[up - 2 * n],
            nnw: rows[upper - n],
            www: rows[row - 3 * n],
            neee: rows[up + 3 * n],
        }
    }

    /// Returns the neighbours of plane `k` of pixel `x`, and how wrong they were predicted.
    #[inline(always)]
    pub fn around(&self, x: usize, k: usize) -> (Near, Near) {
        let (at, n) = (self.places(x, k), self.shape.planes);
        (Self::near(&self.samples, at, n), Self::near(&self.errors, at, n))
    }

    /// Takes in plane `k` of pixel `x`. Above the first row its last pixel is repeated.
    #[inline(always)]
    pub fn set(&mut self, x: usize, k: usize, sample: i32, error: i32) {
        let at = self.places(x, k);
        self.samples[at[0]] = sample;
        self.errors[at[0]] = error;
        if self.y == 0 {
            for above in &at[1..] {
                for pixel in 1..MARGIN {
                    self.samples[above + pixel * self.shape.planes] = sample;
                    self.errors[above + pixel * self.shape.planes] = error;
                }
            }
        }
    }

    /// Goes on to the next row. Behind a row its last pixel is repeated, and before the next
    /// one the first pixel above it.
    pub fn next_row(&mut self) {
        let n = self.shape.planes;
        let behind = self.places(self.shape.width, 0)[0];
        self.place = (self.place + 1) % KEPT;
        self.y += 1;
        let [first, above, _] = self.places(0, 0);
        for k in 0..MARGIN * n {
            for numbers in [&mut self.samples, &mut self.errors] {
                numbers[behind + k] = numbers[behind + k - n];
                numbers[first - MARGIN * n + k] = numbers[above + k % n];
            }
        }
    }
}
