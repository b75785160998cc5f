//! What the programs share: start, heap, a clock that counts instructions, and a way to say a number.
//!
//! QEMU runs them with `-icount shift=0`, where one instruction takes one virtual nanosecond.
#![no_std]

extern crate alloc;

use core::mem::MaybeUninit;

use petiole_heap::Heap;
// Linked for the boards' routines that copy memory.
use petiole_memory as _;

#[cfg(target_arch = "arm")]
#[path = "arm.rs"]
mod machine;
#[cfg(target_arch = "riscv32")]
#[path = "riscv.rs"]
mod machine;

pub use machine::{entry, now};

/// The same allocator as on the boards, with more memory.
const HEAP_SIZE: usize = 1 << 20;

#[global_allocator]
static HEAP: Heap = Heap::empty();

/// Gives the heap its memory and starts the clock; call once, first.
pub fn start() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];
    // SAFETY: called once, and nobody else knows the memory.
    HEAP.start(unsafe { &mut *(&raw mut MEMORY) });
    machine::start();
    check_copies();
}

/// Copies and fills of all small sizes and alignments do what they should.
fn check_copies() {
    let from: [u8; 96] = core::array::from_fn(|at| at as u8);
    for size in 0..64 {
        for (source, target) in (0..8).flat_map(|source| (0..8).map(move |target| (source, target)))
        {
            let mut to = [0xff_u8; 96];
            let range = target..target + core::hint::black_box(size);
            to[range.clone()].copy_from_slice(&from[source..source + size]);
            let good = |(at, byte): (usize, &u8)| {
                *byte
                    == if range.contains(&at) {
                        (at - target + source) as u8
                    } else {
                        0xff
                    }
            };
            if !to.iter().enumerate().all(good) {
                fail("memcpy");
            }
        }
        for (source, target) in [(0, 8), (8, 0), (0, 3), (3, 0)] {
            let mut moved = from;
            moved.copy_within(source..source + core::hint::black_box(size), target);
            if moved[target..target + size] != from[source..source + size] {
                fail("memmove");
            }
        }
        let mut words = [u32::MAX; 24];
        words[..core::hint::black_box(size) / 4].fill(core::hint::black_box(0));
        let good = |(at, word): (usize, &u32)| *word == if at < size / 4 { 0 } else { u32::MAX };
        if !words.iter().enumerate().all(good) {
            fail("memset");
        }
    }
}

/// Bytes of the heap in use, its own headers included.
pub fn heap() -> u64 {
    HEAP.usage().used as u64
}

/// Says `name value` on a line of its own.
pub fn say(name: &str, value: u64) {
    semihosting::println!("{name} {value}");
}

/// Says a text, for numbers that are no numbers.
pub fn say_text(name: &str, value: &str) {
    semihosting::println!("{name} {value}");
}

/// Ends the emulator.
pub fn done() -> ! {
    semihosting::process::exit(0)
}

/// Ends the emulator after saying what is wrong.
pub fn fail(text: &str) -> ! {
    semihosting::println!("failed {text}");
    semihosting::process::exit(1)
}

/// Reached only where `core` is not compiled to abort at once.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::process::exit(1)
}
