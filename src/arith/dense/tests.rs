//! Tests of the kernels: the naive loop's bits, on every instruction set.

use super::*;
use crate::arith::Isa;

fn noise(seed: u64, length: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next()).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Runs `kernel` on every instruction set and returns the common result.
fn agreed(kernel: impl Fn(Isa) -> Vec<f32>) -> Vec<f32> {
    let want = kernel(Isa::SCALAR);
    for isa in Isa::available() {
        assert_eq!(bits(&kernel(isa)), bits(&want), "{}", isa.name());
    }
    want
}

/// The definition: one chain per output, ascending.
fn naive(a: &[f32], b: &[f32], bias: &[f32], depth: usize) -> Vec<f32> {
    let columns = bias.len();
    let element = |m: usize, n: usize| {
        (0..depth).fold(bias[n], |sum, k| fma_soft(a[m * depth + k], b[k * columns + n], sum))
    };
    (0..a.len() / depth).flat_map(|m| (0..columns).map(move |n| element(m, n))).collect()
}

fn transpose(data: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|c| data.iter().skip(c).step_by(columns).copied()).collect()
}

#[test]
fn a_product_is_the_naive_loop_on_every_isa_and_layout() {
    // Sizes near every tile, and more than one block of the inner index.
    for (m, n, k) in [(1, 1, 1), (3, 7, 5), (12, 32, 16), (13, 33, 17), (25, 530, 31), (7, 5, 1030)]
    {
        let (a, b, bias) = (noise(1, m * k), noise(2, k * n), noise(3, n));
        let want = naive(&a, &b, &bias, k);
        let (ta, tb) = (transpose(&a, k), transpose(&b, n));
        let a_forms = [Matrix::new(&a, m, k), Matrix::new(&ta, k, m).transposed()];
        let b_forms = [Matrix::new(&b, k, n), Matrix::new(&tb, n, k).transposed()];
        for (a, b) in a_forms.into_iter().flat_map(|a| b_forms.map(|b| (a, b))) {
            let got = agreed(|isa| {
                let mut out = vec![0.0; m * n];
                matmul(isa, &mut out, a, b, Init::Row(&bias));
                out
            });
            assert_eq!(bits(&got), bits(&want), "{m} {n} {k}");
        }
    }
}

/// The definition of [`matmul_bfloat16`], with the fused multiply-add in software.
fn naive_of_pairs(a: &[f32], b: &[f32], columns: usize, depth: usize) -> Vec<f32> {
    let chain = |m: usize, n: usize, ks: &mut dyn Iterator<Item = usize>| {
        let product =
            |sum, k: usize| fma_soft(bfloat16(a[m * depth + k]), bfloat16(b[k * columns + n]), sum);
        ks.fold(0.0, product)
    };
    let element = |m: usize, n: usize| {
        (0..depth).step_by(32).fold(0.0, |sum, from| {
            let block = from..depth.min(from + 32);
            let even = chain(m, n, &mut block.clone().step_by(2));
            sum + (even + chain(m, n, &mut block.skip(1).step_by(2)))
        })
    };
    (0..a.len() / depth).flat_map(|m| (0..columns).map(move |n| element(m, n))).collect()
}

#[test]
fn a_product_of_rounded_operands_is_the_naive_loop_on_every_isa_and_layout() {
    // Sizes near every tile, block and group, and more than one chunk of rows.
    for (m, n, k) in [
        (1, 1, 1),
        (3, 7, 5),
        (32, 32, 32),
        (33, 17, 31),
        (13, 65, 34),
        (31, 530, 33),
        (545, 3, 66),
        (7, 5, 1030),
    ] {
        // A tenth of the numbers is around the smallest that is not rounded to zero.
        let uneven = |seed, length| -> Vec<f32> {
            let numbers = noise(seed, length).into_iter().zip(noise(seed + 8, length));
            numbers.map(|(x, y)| if y > 0.8 { x * 2e-15 } else { x }).collect()
        };
        let (a, b) = (uneven(1, m * k), uneven(2, k * n));
        let want = naive_of_pairs(&a, &b, n, k);
        let (ta, tb) = (transpose(&a, k), transpose(&b, n));
        let a_forms = [Matrix::new(&a, m, k), Matrix::new(&ta, k, m).transposed()];
        let b_forms = [Matrix::new(&b, k, n), Matrix::new(&tb, n, k).transposed()];
        for (a, b) in a_forms.into_iter().flat_map(|a| b_forms.map(|b| (a, b))) {
            let got = agreed(|isa| {
                let mut out = vec![f32::NAN; m * n];
                matmul_bfloat16(isa, &mut out, a, b);
                out
            });
            assert_eq!(bits(&got), bits(&want), "{m} {n} {k}");
        }
    }
}

#[test]
fn a_product_of_no_rows_or_columns_is_empty() {
    for (m, n) in [(0, 5), (5, 0)] {
        let (a, b) = (vec![1.0; m * 3], vec![1.0; n * 3]);
        let (a, b) = (Matrix::new(&a, m, 3), Matrix::new(&b, 3, n));
        for isa in Isa::available() {
            matmul(isa, &mut [], a, b, Init::Zero);
            matmul_bfloat16(isa, &mut [], a, b);
        }
    }
}

#[test]
fn bfloat16_is_the_nearest_number_and_never_a_tiny_one() {
    for x in noise(14, 20_000).into_iter().map(|x| x * 3.0) {
        let y = bfloat16(x);
        assert_eq!(y.to_bits() & 0xffff, 0);
        let step = f32::from_bits(y.to_bits() & 0x7f80_0000) / 128.0;
        assert!((x - y).abs() <= step / 2.0, "{x} {y}");
    }
    let least = 0.5_f32.powi(50);
    assert_eq!(bfloat16(least).to_bits(), least.to_bits());
    assert_eq!(bfloat16(-least), -least);
    let below = f32::from_bits(least.to_bits() - 1);
    assert_eq!([bfloat16(below), bfloat16(-below), bfloat16(-0.0)].map(f32::to_bits), [0; 3]);
    // Halfway between two numbers: the one with an even last digit.
    let halfway = [1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0];
    assert_eq!(halfway.map(bfloat16), [1.0, 1.0 + 4.0 / 256.0]);
    assert!(bfloat16(f32::NAN).is_nan());
}

#[test]
fn products_add_to_what_is_there() {
    let (a, b) = (noise(1, 6), noise(2, 6));
    let mut out = vec![1.0; 4];
    matmul(Isa::best(), &mut out, Matrix::new(&a, 2, 3), Matrix::new(&b, 3, 2), Init::Output);
    assert_eq!(out, naive(&a, &b, &[1.0; 2], 3));
}

#[test]
fn elementwise_functions_agree_and_are_close() {
    let x: Vec<f32> = noise(4, 9000).iter().map(|x| x * 9.0).collect();
    let g = noise(5, 9000);
    let apply = |function: fn(Isa, &mut [f32], &[f32])| {
        agreed(|isa| {
            let mut out = vec![0.0; x.len()];
            function(isa, &mut out, &x);
            out
        })
    };
    let (gelu_y, sigmoid_y) = (apply(gelu), apply(sigmoid));
    let backward = agreed(|isa| {
        let mut out = g.clone();
        gelu_backward(isa, &mut out, &x);
        out
    });
    for i in 0..x.len() {
        let exact = f64::from(x[i]);
        assert!((f64::from(sigmoid_y[i]) - 1.0 / (1.0 + (-exact).exp())).abs() < 2e-7);
        // The slope between two neighbours of the function itself.
        let slope = (reference_gelu(exact + 1e-4) - reference_gelu(exact - 1e-4)) / 2e-4;
        assert!((f64::from(gelu_y[i]) - reference_gelu(exact)).abs() < 2e-6, "{exact}");
        assert!((f64::from(backward[i]) - f64::from(g[i]) * slope).abs() < 3e-6, "{exact}");
    }
}

/// Computes `x · Φ(x)` by integrating the density with Simpson's rule.
fn reference_gelu(x: f64) -> f64 {
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let steps = 400;
    let h = x / f64::from(steps);
    let weight = |i: i32| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    let area: f64 = (0..=steps).map(|i| weight(i) * density(f64::from(i) * h)).sum();
    x * (0.5 + area * h / 3.0)
}

#[test]
fn exp_and_ln_are_close_to_the_true_functions() {
    struct Both(f32);
    impl FusedKernel for Both {
        type Output = (f32, f32);
        #[inline(always)]
        fn run<F: Fma>(self) -> (f32, f32) {
            (exp::<F>(self.0), ln::<F>(self.0.abs() + 1e-3))
        }
    }
    for x in noise(6, 20_000).into_iter().map(|x| x * 87.0) {
        let (power, logarithm) = Isa::best().run_fused(Both(x));
        let exact = f64::from(x).exp();
        assert!((f64::from(power) / exact - 1.0).abs() < 2.5e-7, "{x}");
        let exact = f64::from(x.abs() + 1e-3).ln();
        assert!((f64::from(logarithm) - exact).abs() < 1e-7 + 2e-7 * exact.abs(), "{x}");
    }
}

#[test]
fn a_normalised_row_has_mean_zero_and_its_gradient_is_the_slope() {
    let (rows, width) = (5, 48);
    let (x, w, b, g) =
        (noise(7, rows * width), noise(8, width), noise(9, width), noise(10, rows * width));
    let forward = |isa, x: &[f32]| {
        let mut out = vec![0.0; x.len()];
        layer_norm(isa, &mut out, x, &w, &b);
        out
    };
    agreed(|isa| forward(isa, &x));
    let gradients = agreed(|isa| {
        let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; width], vec![0.0; width]);
        layer_norm_backward(isa, (&mut dx, &mut dw, &mut db), &x, &w, &g);
        [dx, dw, db].concat()
    });
    let loss = |x: &[f32]| -> f64 {
        let y = forward(Isa::SCALAR, x);
        y.iter().zip(&g).map(|(y, g)| f64::from(y * g)).sum()
    };
    for i in (0..x.len()).step_by(7) {
        let (mut up, mut down) = (x.clone(), x.clone());
        up[i] += 1e-2;
        down[i] -= 1e-2;
        let slope = (loss(&up) - loss(&down)) / 2e-2;
        assert!((slope - f64::from(gradients[i])).abs() < 2e-3, "{i}: {slope} {}", gradients[i]);
    }
    let sums: f32 = (0..rows).map(|row| g[row * width]).sum();
    assert!((gradients[x.len() + width] - sums).abs() < 1e-6);
}

#[test]
fn cross_entropy_and_its_gradient_agree_with_softmax() {
    let (rows, targets) = (3, [7u8, 255, 0]);
    let logits = noise(11, rows * 256);
    let p = agreed(|isa| {
        let mut out = vec![0.0; logits.len()];
        softmax(isa, &mut out, &logits, 256);
        out
    });
    let gradient = agreed(|isa| {
        let mut out = vec![0.0; logits.len()];
        cross_entropy_backward(isa, &mut out, &logits, &targets, 1.0);
        out
    });
    let loss = agreed(|isa| vec![cross_entropy(isa, &logits, &targets)])[0];
    let chosen = |row: usize| f64::from(p[row * 256 + usize::from(targets[row])]);
    let want = -(0..rows).map(|row| chosen(row).ln()).sum::<f64>() / rows as f64;
    assert!((f64::from(loss) - want).abs() < 1e-6);
    assert!((gradient[7] - (p[7] - 1.0) / 3.0).abs() < 1e-7);
    assert!((gradient[8] - p[8] / 3.0).abs() < 1e-7);
}

#[test]
fn the_first_adam_step_is_the_rate() {
    let (mut weights, gradient) = (noise(12, 100), noise(13, 100));
    let before = weights.clone();
    let stepped = agreed(|isa| {
        let (mut weights, mut moments) = (before.clone(), Moments::new(100));
        let mut adam = Adam::new(1e-3, 1, 0.0);
        for _ in 0..3 {
            adam.begin_step();
            adam.apply(isa, &mut weights, &mut moments, &gradient);
        }
        weights
    });
    let mut adam = Adam::new(1e-3, 1, 0.0);
    adam.begin_step();
    adam.apply(Isa::best(), &mut weights, &mut Moments::new(100), &gradient);
    for i in 0..100 {
        assert!((before[i] - weights[i] - 1e-3 * gradient[i].signum()).abs() < 1e-6);
        assert!((before[i] - stepped[i] - 3e-3 * gradient[i].signum()).abs() < 1e-5);
    }
}

#[test]
fn a_warming_rate_grows_in_equal_steps() {
    let gradient = [0.25; 16];
    let (mut weights, mut moments) = ([0.0; 16], Moments::new(16));
    let mut adam = Adam::new(1e-3, 4, 0.0);
    for (step, share) in [0.25, 0.5, 0.75, 1.0, 1.0].into_iter().enumerate() {
        let before = weights[3];
        adam.begin_step();
        adam.apply(Isa::best(), &mut weights, &mut moments, &gradient);
        assert!((before - weights[3] - 1e-3 * share).abs() < 1e-6, "{step}");
    }
}
