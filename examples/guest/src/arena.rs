//! A heap of fixed size for components of a few kilobytes.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;

/// Hands out memory in a row and starts anew when all of it was given back, as it is between two calls of a
/// handler that keeps nothing. Only the newest block can grow in place. A full arena answers with null.
#[repr(C, align(16))]
pub struct Arena<const SIZE: usize> {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: Cell<usize>,
    blocks: Cell<usize>,
}

// SAFETY: a component has one thread.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    /// An empty arena.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([0; SIZE]),
            used: Cell::new(0),
            blocks: Cell::new(0),
        }
    }

    /// The offset of a block of ours.
    fn offset(&self, block: *mut u8) -> usize {
        block as usize - self.bytes.get() as usize
    }
}

// SAFETY: blocks do not overlap: `used` only moves past what was handed out, and back when no block is left or for
// the newest block. Offsets are aligned as asked, up to the 16 bytes that the arena itself is aligned to.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = (self.used.get() + layout.align() - 1) & !(layout.align() - 1);
        let Some(end) = start.checked_add(layout.size()).filter(|end| *end <= SIZE) else {
            return null_mut();
        };
        self.used.set(end);
        self.blocks.set(self.blocks.get() + 1);
        // SAFETY: `start` is at most `SIZE`.
        unsafe { self.bytes.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.blocks.set(self.blocks.get() - 1);
        if self.blocks.get() == 0 {
            self.used.set(0);
        } else if self.offset(block) + layout.size() == self.used.get() {
            self.used.set(self.offset(block));
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = self.offset(block);
        if start + layout.size() == self.used.get() {
            if size > SIZE - start {
                return null_mut();
            }
            self.used.set(start + size);
            return block;
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller's layout, with another size that it vouches for.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                core::ptr::copy_nonoverlapping(block, moved, layout.size());
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests;
