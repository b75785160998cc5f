//! The heap of a board: first fit, with a shelf of blocks that were just freed.
//!
//! Each call of a component takes and frees blocks of the same few sizes. First fit walks its list of holes for each of them,
//! twice; from the [shelf](shelf::Shelf) they come and go at once. What lies there counts as free, and goes back to the list
//! when a request would fail.
#![no_std]
#![allow(
    unsafe_code,
    reason = "allocators hand out memory, which the language cannot check"
)]

mod shelf;
#[cfg(test)]
mod tests;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use critical_section::Mutex;
use linked_list_allocator::Heap as List;
use linked_list_allocator::hole::HoleList;

use crate::shelf::Shelf;

/// Larger blocks never lie on the shelf. A component's stack and its interpreter's are of this size.
const LARGEST_ON_SHELF: usize = 4_096;

/// The heap. Use as `#[global_allocator]`.
pub struct Heap(Mutex<RefCell<State>>);

/// The heap's numbers in bytes, its own headers and padding included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What there is.
    pub size: usize,
    /// What is taken now.
    pub used: usize,
    /// The most that was ever taken since the start.
    pub peak: usize,
}

struct State {
    list: List,
    shelf: Shelf,
    peak: usize,
}

impl Heap {
    /// A heap without memory: allocations fail until [`Heap::start`].
    pub const fn empty() -> Self {
        Self(Mutex::new(RefCell::new(State {
            list: List::empty(),
            shelf: Shelf::new(),
            peak: 0,
        })))
    }

    /// Gives the heap its memory; call once, before the first allocation. Panics when it has some.
    pub fn start(&self, memory: &'static mut [MaybeUninit<u8>]) {
        critical_section::with(|token| {
            self.0.borrow_ref_mut(token).list.init_from_slice(memory);
        });
    }

    /// The numbers now.
    pub fn usage(&self) -> Usage {
        critical_section::with(|token| {
            let state = self.0.borrow_ref(token);
            Usage {
                size: state.list.size(),
                used: state.used(),
                peak: state.peak,
            }
        })
    }
}

impl State {
    fn used(&self) -> usize {
        self.list.used() - self.shelf.bytes()
    }

    /// A block of `size` bytes, rounded.
    fn allocate(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let block = match self.shelf.take(size, align) {
            Some(block) => block,
            None => self.allocate_from_list(size, align)?,
        };
        self.peak = self.peak.max(self.used());
        Some(block)
    }

    #[inline(never)]
    fn allocate_from_list(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, align).ok()?;
        if let Ok(block) = self.list.allocate_first_fit(layout) {
            return Some(block);
        }
        while let Some((block, size)) = self.shelf.take_any() {
            // SAFETY: nobody uses what lies on the shelf.
            unsafe { self.free_to_list(block, size) };
        }
        self.list.allocate_first_fit(layout).ok()
    }

    /// # Safety
    /// The block was allocated with this rounded size, and nobody uses it any more.
    unsafe fn free(&mut self, block: NonNull<u8>, size: usize) {
        let gone = if size > LARGEST_ON_SHELF {
            Some((block, size))
        } else {
            // SAFETY: the caller's promise; blocks of the list have room for the header of a hole, which is as large as the shelf's.
            unsafe { self.shelf.put(block, size) }
        };
        if let Some((block, size)) = gone {
            // SAFETY: the caller's promise, now or when this one was put on the shelf.
            unsafe { self.free_to_list(block, size) };
        }
    }

    /// # Safety
    /// As for [`State::free`].
    #[inline(never)]
    unsafe fn free_to_list(&mut self, block: NonNull<u8>, size: usize) {
        // SAFETY: the size is that of a layout that was allocated; the list does not ask for its alignment.
        unsafe {
            self.list
                .deallocate(block, Layout::from_size_align_unchecked(size, 1))
        };
    }
}

/// The size that the list gives a block of so many bytes.
fn rounded(size: usize) -> usize {
    size.max(HoleList::min_size())
        .next_multiple_of(align_of::<usize>())
}

// SAFETY: blocks come from the list and are handed out once until they are freed.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = rounded(layout.size());
        critical_section::with(|token| self.0.borrow_ref_mut(token).allocate(size, layout.align()))
            .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise: the block is one of ours, which are never null.
        unsafe {
            let block = NonNull::new_unchecked(block);
            let size = rounded(layout.size());
            critical_section::with(|token| self.0.borrow_ref_mut(token).free(block, size));
        }
    }
}
