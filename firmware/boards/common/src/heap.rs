//! The heap, with the numbers that the board's facts publish.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

/// A first-fit heap that remembers its high-water mark. Use as `#[global_allocator]`.
pub struct Heap {
    inner: LlffHeap,
    size: AtomicUsize,
    peak: AtomicUsize,
}

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

impl Heap {
    /// A heap without memory: allocations fail until [`Heap::start`].
    pub const fn empty() -> Self {
        Self {
            inner: LlffHeap::empty(),
            size: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// Gives the heap its memory; call once, before the first allocation.
    pub fn start(&self, memory: &'static mut [MaybeUninit<u8>]) {
        self.size.store(memory.len(), Ordering::Relaxed);
        // SAFETY: the exclusive static slice is memory that nobody else touches; a second call would need a second one,
        // and then the allocator panics.
        unsafe { self.inner.init(memory.as_mut_ptr() as usize, memory.len()) };
    }

    /// The numbers now.
    pub fn usage(&self) -> Usage {
        Usage {
            size: self.size.load(Ordering::Relaxed),
            used: self.inner.used(),
            peak: self.peak.load(Ordering::Relaxed),
        }
    }
}

// SAFETY: forwards to the inner allocator; the counter does not touch the memory.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let pointer = unsafe { self.inner.alloc(layout) };
        self.peak.fetch_max(self.inner.used(), Ordering::Relaxed);
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.dealloc(pointer, layout) };
    }
}
