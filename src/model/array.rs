//! Arrays whose length a size class fixes.
//!
//! Stable Rust has no `[T; C::CONTEXTS]` for a generic `C`. A size class names its
//! arrays as associated types instead, and generic code sees them through this trait.
//! Compiled code is that of plain arrays: lengths are constants.

use core::ops::{Index, IndexMut};
use core::slice::{Iter, IterMut};

/// An array `[T; N]` of any `N`.
pub trait Array<T>: AsRef<[T]> + AsMut<[T]> + Index<usize, Output = T> + IndexMut<usize> {
    /// The array whose element `i` is `element(i)`.
    fn from_fn(element: impl FnMut(usize) -> T) -> Self;

    /// Iterates over the elements.
    #[inline(always)]
    fn iter(&self) -> Iter<'_, T> {
        self.as_ref().iter()
    }

    /// Iterates over the elements, to change them.
    #[inline(always)]
    fn iter_mut(&mut self) -> IterMut<'_, T> {
        self.as_mut().iter_mut()
    }
}

impl<T, const N: usize> Array<T> for [T; N] {
    #[inline(always)]
    fn from_fn(element: impl FnMut(usize) -> T) -> Self {
        core::array::from_fn(element)
    }
}
