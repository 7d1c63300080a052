//! Large zeroed tables in pages of the system, and prefetch hints.

use super::refusal::Refused;
use bytemuck::Zeroable;
use core::ptr::NonNull;
use memmap2::MmapMut;
use std::alloc::Layout;

/// A table with a power of two of elements, indexed by masking.
///
/// Its pages come from the system and are returned when it is dropped. An allocator
/// would keep some of them, and hand out used ones that must be cleared.
#[derive(Debug)]
pub struct Table<T> {
    cells: NonNull<T>,
    length: usize,
    /// The pages of the cells, which are returned with it.
    _pages: MmapMut,
}

// SAFETY: a table owns its cells, as a `Vec` does.
unsafe impl<T: Send> Send for Table<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Table<T> {}

impl<T: Zeroable + Copy> Table<T> {
    /// Makes `2^log2` zeroed cells. The system provides the pages as they are touched,
    /// large pages if it has them. If it refuses the address space, unwinds to the
    /// nearest [`refusal::attempt`].
    pub fn new(log2: u32) -> Table<T> {
        const { assert!(size_of::<T>() > 0 && align_of::<T>() <= PAGE) };
        let layout = Layout::array::<T>(1 << log2).expect("a table fits the address space");
        let Ok(mut pages) = MmapMut::map_anon(layout.size()) else {
            Refused { bytes: layout.size() as u64 }.unwind()
        };
        advise_huge_pages(&pages);
        let cells = NonNull::from(&mut pages[..]).cast();
        Table { cells, length: 1 << log2, _pages: pages }
    }

    /// Returns the number of cells, a power of two.
    #[inline(always)]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns the cell at `index mod len`.
    #[inline(always)]
    pub fn at(&self, index: usize) -> &T {
        let masked = index & (self.length - 1);
        // SAFETY: the length is a power of two, so not 0, and `x & (n − 1) < n`: the
        // cell is in the pages, which are aligned, were zero at first, which is a value
        // of every `Zeroable`, stay where they are when the table moves, and are
        // borrowed as the table is.
        unsafe { self.cells.add(masked).as_ref() }
    }

    /// Returns the cell at `index mod len` for writing.
    #[inline(always)]
    pub fn at_mut(&mut self, index: usize) -> &mut T {
        let masked = index & (self.length - 1);
        // SAFETY: as in `at`.
        unsafe { self.cells.add(masked).as_mut() }
    }

    /// Prefetches the cell at `index mod len`; changes nothing.
    #[inline(always)]
    pub fn prefetch(&self, index: usize) {
        prefetch(self.at(index));
    }
}

/// Copies all cells, also those that were never touched. If the system refuses the
/// memory, unwinds as [`Table::new`] does.
impl<T: Zeroable + Copy> Clone for Table<T> {
    fn clone(&self) -> Table<T> {
        let copy = Table::new(self.length.ilog2());
        // SAFETY: both tables have `length` cells, in pages of their own; the cells are
        // `Copy`, and the ones to copy hold values, see `at`.
        unsafe {
            core::ptr::copy_nonoverlapping(self.cells.as_ptr(), copy.cells.as_ptr(), self.length);
        }
        copy
    }
}

#[cfg(test)]
impl<T: Zeroable + Copy + std::hash::Hash> std::hash::Hash for Table<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (0..self.length).for_each(|index| self.at(index).hash(state));
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

/// Size that divides the page size of every system.
const PAGE: usize = 4096;

/// Tells Linux that large pages suit these. It is a hint: failure is harmless.
fn advise_huge_pages(pages: &MmapMut) {
    const HUGE: usize = 2 << 20;
    #[cfg(target_os = "linux")]
    if pages.len() >= HUGE {
        let _ = pages.advise(memmap2::Advice::HugePage);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (pages, HUGE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_the_system_refuses_is_an_error() {
        let refused = crate::arith::refusal::attempt(|| Table::<u64>::new(58)).err();
        assert_eq!(refused, Some(Refused { bytes: 1 << 61 }));
    }

    #[test]
    fn a_copy_has_the_cells_and_is_changed_alone() {
        for log2 in [0, 3, 20] {
            let mut table = Table::<u64>::new(log2);
            (0..table.len()).step_by(3).for_each(|index| *table.at_mut(index) = 5 + index as u64);
            let mut copy = table.clone();
            assert!((0..table.len()).all(|index| table.at(index) == copy.at(index)));
            *copy.at_mut(0) = 1;
            assert_eq!((table.len(), *table.at(0), *copy.at(0)), (copy.len(), 5, 1));
        }
    }

    #[test]
    fn tables_are_zero_at_first_and_masked() {
        for log2 in [0, 3, 20] {
            let mut table = Table::<u64>::new(log2);
            let length = table.len();
            assert_eq!(length, 1 << log2);
            assert!((0..length).all(|index| *table.at(index) == 0));
            *table.at_mut(3 * length - 1) = 7;
            assert_eq!(*table.at(length - 1), 7);
        }
    }
}
