//! The machine stack of one guest: host functions run on it, and the engine while it starts the component.
//!
//! There is no guard page on a board. So a stack is painted before it is used: its deepest use can be read off, and one that was
//! used to the end is noticed before anything else runs.

use alloc::alloc::{alloc, dealloc};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::alloc::Layout;
use core::cell::RefCell;
use core::ops::Range;
use core::ptr::NonNull;

use wasmtime::error::OutOfMemory;
use wasmtime::{StackCreator, StackMemory};

use crate::local::Local;

/// Bytes of each guest's machine stack. On a Cortex-M33 the start and a log line took 1.7 KB at most, writing a value to flash
/// 2.1 KB, interrupts included. Frames on a PC, not optimized for size, are far larger.
pub const SIZE: usize = if cfg!(target_os = "none") {
    3_584
} else {
    1 << 18
};

/// What a PC's engine wants of stacks; a board's wants 16.
const ALIGNMENT: usize = if cfg!(target_os = "none") { 16 } else { 4_096 };

const LAYOUT: Layout = match Layout::from_size_align(SIZE, ALIGNMENT) {
    Ok(layout) => layout,
    Err(_) => panic!("the alignment is a power of two"),
};

/// What unused bytes of a stack hold.
const PAINT: u8 = 0x5a;
const PAINTED: usize = usize::from_ne_bytes([PAINT; size_of::<usize>()]);
const WORDS: usize = SIZE / size_of::<usize>();
/// Words at the end of a stack that must stay unused.
const RESERVE: usize = 16;

/// Makes stacks, and remembers the last one.
pub struct Stacks(Local<RefCell<Option<Arc<Stack>>>>);

impl Stacks {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Local::new(RefCell::new(None))))
    }

    /// The stack that was made last, once: that of the guest that was started last.
    pub fn take_last(&self) -> Option<Arc<Stack>> {
        self.0.get().take()
    }
}

// SAFETY: each stack has memory of its own, aligned as the engine wants it, until the engine drops it.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, _: usize, _: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let stack = Arc::new(Stack::new()?);
        *self.0.get().borrow_mut() = Some(stack.clone());
        Ok(Box::new(Share(stack)))
    }
}

/// One stack; it lives as long as the engine or the guest's watch on it.
pub struct Stack(NonNull<usize>);

// SAFETY: the memory belongs to the stack alone, and everything is on one thread ([`Local`]).
unsafe impl Send for Stack {}
// SAFETY: as above.
unsafe impl Sync for Stack {}

impl Stack {
    fn new() -> wasmtime::Result<Self> {
        // SAFETY: the layout has a size.
        let start = NonNull::new(unsafe { alloc(LAYOUT) }.cast::<usize>())
            .ok_or_else(|| OutOfMemory::new(SIZE))?;
        // SAFETY: all of what was allocated.
        unsafe { start.write_bytes(PAINT, WORDS) };
        Ok(Self(start))
    }

    /// Panics when the stack was used to its end: what lies below it is not to be trusted any more.
    pub fn assert_sound(&self) {
        // SAFETY: as in `unused`.
        let differs = |word: usize| unsafe { self.0.add(word).read_volatile() } ^ PAINTED;
        // Four at a time and all of them: this is asked after every turn of a guest.
        let differs = (0..RESERVE).step_by(4).fold(0, |found, word| {
            found | differs(word) | differs(word + 1) | differs(word + 2) | differs(word + 3)
        });
        assert!(differs == 0, "the machine stack of a guest is used up");
    }

    /// Bytes that were used at most.
    pub fn used(&self) -> usize {
        SIZE - self.unused(WORDS) * size_of::<usize>()
    }

    /// Painted words from the end, at most so many.
    fn unused(&self, most: usize) -> usize {
        (0..most)
            // SAFETY: inside of what was allocated; the engine may write there at other times, hence volatile.
            .take_while(|word| unsafe { self.0.add(*word).read_volatile() } == PAINTED)
            .count()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: allocated with the same layout, and nobody runs on it any more.
        unsafe { dealloc(self.0.as_ptr().cast(), LAYOUT) };
    }
}

/// The engine's share of a stack.
struct Share(Arc<Stack>);

// SAFETY: range and top are those of memory that the stack owns.
unsafe impl StackMemory for Share {
    fn top(&self) -> *mut u8 {
        self.0.0.as_ptr().wrapping_byte_add(SIZE).cast()
    }

    fn range(&self) -> Range<usize> {
        let start = self.0.0.as_ptr() as usize;
        start..start + SIZE
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let start = self.0.0.as_ptr().cast();
        start..start
    }
}
