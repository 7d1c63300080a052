//! Large zeroed tables: huge pages, and hints to fetch a line early.

use bytemuck::Zeroable;

/// A table of a power of two of elements, indexed by masking.
#[derive(Debug)]
pub struct Table<T> {
    cells: Vec<T>,
}

impl<T: Zeroable + Copy> Table<T> {
    /// `2^log2` zeroed cells. The system gives the pages as they are touched,
    /// large ones where it has them.
    pub fn new(log2: u32) -> Table<T> {
        let cells = bytemuck::allocation::zeroed_vec::<T>(1 << log2);
        advise_huge_pages(&cells);
        Table { cells }
    }

    /// Number of cells, a power of two.
    #[inline(always)]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell at `index mod len`.
    #[inline(always)]
    pub fn at(&self, index: usize) -> &T {
        let masked = index & (self.cells.len() - 1);
        // SAFETY: the length is a power of two, so not 0, and `x & (n − 1) < n`.
        unsafe { self.cells.get_unchecked(masked) }
    }

    /// The cell at `index mod len`, to write.
    #[inline(always)]
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        let masked = index & (self.cells.len() - 1);
        // SAFETY: as in `at`.
        unsafe { self.cells.get_unchecked_mut(masked) }
    }

    /// Asks the CPU to fetch the cell at `index mod len`; changes nothing.
    #[inline(always)]
    pub fn prefetch(&self, index: usize) {
        prefetch(self.at(index));
    }
}

/// Asks the CPU to fetch the cache line where `cell` begins; changes nothing.
#[inline(always)]
pub fn prefetch<T>(cell: &T) {
    let address: *const T = cell;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults, and the address is of a live value.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(address.cast())
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Tells Linux that large pages suit this memory. A hint: failure is harmless.
fn advise_huge_pages<T>(cells: &[T]) {
    const PAGE: usize = 4096;
    let start = cells.as_ptr() as usize;
    let aligned = start.next_multiple_of(PAGE);
    let end = (start + size_of_val(cells)) & !(PAGE - 1);
    if end < aligned + (2 << 20) {
        return;
    }
    #[cfg(target_os = "linux")]
    // SAFETY: the range lies inside one live allocation, and this advice
    // changes neither its content nor its protection.
    unsafe {
        let _ = rustix::mm::madvise(
            aligned as *mut core::ffi::c_void,
            end - aligned,
            rustix::mm::Advice::LinuxHugepage,
        );
    }
}
