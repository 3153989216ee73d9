//! A slice that several threads write, each its own part.

use std::marker::PhantomData;

/// A slice of which threads write different parts.
pub struct Parts<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: parts are handed out by `Parts::part` alone, whose callers answer for it that no
// two overlap; `T: Send` lets another thread write them.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    /// All of `slice`, to be divided.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            slice: PhantomData,
        }
    }

    /// `len` items from `at` on, cut off at the end of the slice.
    ///
    /// # Safety
    /// No two parts that live at the same time overlap.
    #[expect(clippy::mut_from_ref, reason = "that is its purpose")]
    pub unsafe fn part(&self, at: usize, len: usize) -> &mut [T] {
        let at = at.min(self.len);
        let len = len.min(self.len - at);
        // SAFETY: in bounds of the slice that is borrowed for 'a; the caller answers for
        // the rest.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), len) }
    }
}
