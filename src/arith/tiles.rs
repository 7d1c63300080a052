//! Matrix tiles of the CPU (Intel AMX): products of bfloat16, summed in single precision.
//!
//! The result of an instruction is part of the specification (spec/arithmetic.md,
//! "Products of rounded operands"). CPUs without tiles compute the same result, see
//! [`super::dense::matmul_bfloat16`]. Source: Intel, "Software Developer's Manual",
//! volume 2, TDPBF16PS; compared bit for bit by the tests of [`super::dense`].

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Rows of a tile, and its columns in units of 32 bits.
pub const SIDE: usize = 16;
/// Inner indices of one instruction.
pub const DEPTH: usize = 32;

/// One operand: a left operand is sixteen rows of 32 numbers, a right one sixteen pairs
/// of rows, `[k / 2][n][k % 2]`. Numbers are the upper halves of single precision.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub struct Operand(pub [u16; SIDE * DEPTH]);

/// Sums, `[SIDE · 2, SIDE · 2]`, that one call of [`Tiles::multiply`] computes.
pub type Sums = [f32; 4 * SIDE * SIDE];

/// Returns whether this CPU and this system have tiles of bfloat16. Asks the system,
/// once, to let this process use them.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| in_cpu() && kept_by_system() && allowed())
}

/// Returns whether the CPU has AMX-BF16 and AMX-TILE (leaf 7 of CPUID).
fn in_cpu() -> bool {
    let wanted = 1 << 22 | 1 << 24;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & wanted == wanted
}

/// Returns whether the system saves the state of tiles when it switches threads.
fn kept_by_system() -> bool {
    let wanted = 1 << 17 | 1 << 18;
    let can_ask = __cpuid(1).ecx & 1 << 27 != 0;
    // SAFETY: bit 27 says that the system has switched XGETBV on.
    can_ask && unsafe { _xgetbv(0) } & wanted == wanted
}

/// Asks Linux to let this process use tiles, and returns the answer: their state makes
/// signal frames 8 KiB larger.
fn allowed() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XTILEDATA: libc::c_long = 18;
    // SAFETY: this call takes two numbers and touches no memory of this process.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0 }
}

thread_local! {
    /// The number of [`Tiles`] of this thread.
    static USERS: Cell<usize> = const { Cell::new(0) };
}

/// The configured tiles of this thread; released when the last one of the thread is
/// dropped.
///
/// It is neither `Send` nor `Sync`, because each thread has its own configuration.
pub struct Tiles(PhantomData<*const ()>);

/// Palette 1: all eight tiles are 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

const CONFIGURATION: Configuration = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 4 * SIDE as u8;
        bytes[48 + tile] = SIDE as u8;
        tile += 1;
    }
    Configuration(bytes)
};

impl Tiles {
    /// Configures the tiles of this thread.
    ///
    /// # Safety
    /// [`available`] has returned true.
    pub unsafe fn new() -> Self {
        // SAFETY: the CPU has the instruction and the system allows it; it reads the
        // 64 bytes of a valid configuration.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &CONFIGURATION, options(nostack, readonly));
        }
        USERS.set(USERS.get() + 1);
        Tiles(PhantomData)
    }

    /// Computes `out[m, n] += Σ a[m, k] · b[k, n]` for 32 rows and 32 columns. For
    /// every block of 32 `k`, one chain of fused multiply-adds runs over the even `k`
    /// and one over the odd ones, both from zero; their sum is added. With `fresh`,
    /// `out` counts as zero before.
    ///
    /// - `out`: rows of 32 sums, `stride` apart.
    /// - `a`: the operands of the first sixteen rows, then those of the others; `b`:
    ///   the same of columns; each in the order of `k`.
    ///
    /// # Panics
    /// If an operand's length is not that of the others, or `out` is too short.
    pub fn multiply(
        &self,
        out: &mut [f32],
        stride: usize,
        a: [&[Operand]; 2],
        b: [&[Operand]; 2],
        fresh: bool,
    ) {
        let blocks = a[0].len();
        assert!(blocks > 0 && a[1].len() == blocks);
        assert!(b[0].len() == blocks && b[1].len() == blocks);
        assert!(stride >= 2 * SIDE && out.len() >= (2 * SIDE - 1) * stride + 2 * SIDE);
        let upper = out.as_mut_ptr();
        // SAFETY: `self` shows that this thread's tiles are configured, each as sixteen rows
        // of 64 bytes. The loop runs `blocks > 0` times and moves each operand's pointer by
        // one operand, 1024 bytes, which the four slices have. `out` has 32 rows of 32 sums
        // `stride` apart: tiles 0 and 1 take the first sixteen of them from column 0 and
        // 16 (64 bytes on), tiles 2 and 3 the others. Memory is only touched there; the
        // tiles are named as overwritten, and flags are not kept.
        unsafe {
            let lower = upper.add(SIDE * stride);
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "test {fresh:e}, {fresh:e}",
                "jnz 2f",
                "tileloadd tmm0, [{upper} + {stride}]",
                "tileloadd tmm1, [{upper} + {stride} + 64]",
                "tileloadd tmm2, [{lower} + {stride}]",
                "tileloadd tmm3, [{lower} + {stride} + 64]",
                "2:",
                "tileloadd tmm4, [{a0} + {row}]",
                "tileloadd tmm6, [{b0} + {row}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {row}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, 1024",
                "add {a1}, 1024",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {blocks}",
                "jnz 2b",
                "tilestored [{upper} + {stride}], tmm0",
                "tilestored [{upper} + {stride} + 64], tmm1",
                "tilestored [{lower} + {stride}], tmm2",
                "tilestored [{lower} + {stride} + 64], tmm3",
                upper = in(reg) upper,
                lower = in(reg) lower,
                stride = in(reg) 4 * stride,
                row = in(reg) 4 * SIDE,
                fresh = in(reg) u32::from(fresh),
                a0 = inout(reg) a[0].as_ptr() => _,
                a1 = inout(reg) a[1].as_ptr() => _,
                b0 = inout(reg) b[0].as_ptr() => _,
                b1 = inout(reg) b[1].as_ptr() => _,
                blocks = inout(reg) blocks => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        USERS.set(USERS.get() - 1);
        if USERS.get() == 0 {
            // SAFETY: the CPU has the instruction, as `self` showed; it touches no memory, and
            // nobody on this thread counts on the configuration any more.
            unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
        }
    }
}
