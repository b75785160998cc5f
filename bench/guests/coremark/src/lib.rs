//! CoreMark (the Rust port in crate `coremark`) as a component.
//!
//! Each call of the handler sets the data up, runs [`ITERATIONS`] of the 2K performance run, checks the three CRCs that
//! CoreMark defines for it, and logs the final one. A wrong CRC is an error of the handler.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};

use coremark::list::core_list_init;
use coremark::matrix::core_init_matrix;
use coremark::state::core_init_state;
use coremark::types::{
    ALL_ALGORITHMS_MASK, CoreResults, LIST_KNOWN_CRC, MATRIX_KNOWN_CRC, NUM_ALGORITHMS,
    STATE_KNOWN_CRC, TOTAL_DATA_SIZE,
};
use coremark::util::crcu16;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "scheduled",
    generate_all,
});

use exports::petiole::schedule::handler::Guest;
use wasi::logging::logging::{Level, log};

/// Iterations of one call; `bench` divides by the same number.
const ITERATIONS: u32 = 10;
/// Place of the 2K performance run in the tables of known CRCs.
const PERFORMANCE_RUN: usize = 3;
/// Third seed of the performance run; the others are 0.
const SEED3: i16 = 0x66;

struct CoreMark;

impl Guest for CoreMark {
    fn run() -> Result<(), String> {
        let results = measure();
        let known = (
            LIST_KNOWN_CRC[PERFORMANCE_RUN],
            MATRIX_KNOWN_CRC[PERFORMANCE_RUN],
            STATE_KNOWN_CRC[PERFORMANCE_RUN],
        );
        if (results.crclist, results.crcmatrix, results.crcstate) != known {
            return Err(String::from("wrong CRC"));
        }
        log(Level::Info, "crcfinal", &hex(results.crc));
        Ok(())
    }
}

export!(CoreMark);

/// The benchmark proper, as `iterate` of the reference.
fn measure() -> CoreResults {
    let size = TOTAL_DATA_SIZE / NUM_ALGORITHMS;
    let mut results = CoreResults {
        seed3: SEED3,
        size,
        execs: ALL_ALGORITHMS_MASK,
        iterations: ITERATIONS,
        ..CoreResults::default()
    };
    let mut list = core_list_init(size, 0);
    core_init_matrix(size, 0, &mut results.mat);
    results.state_mem = core_init_state(size, 0);
    for iteration in 0..ITERATIONS {
        for finder in [1, -1] {
            let crc = list.bench(&mut results, finder);
            results.crc = crcu16(crc, results.crc);
        }
        if iteration == 0 {
            results.crclist = results.crc;
        }
    }
    results
}

fn hex(number: u16) -> String {
    (0..4)
        .rev()
        .filter_map(|digit| char::from_digit(u32::from(number >> (4 * digit)) & 15, 16))
        .collect()
}

/// Memory for one call; handed out in a row, and anew when all of it was given back.
const HEAP: usize = 16_384;

#[repr(C, align(16))]
struct Row {
    bytes: UnsafeCell<[u8; HEAP]>,
    used: Cell<usize>,
    blocks: Cell<usize>,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Row {}

#[global_allocator]
static ROW: Row = Row {
    bytes: UnsafeCell::new([0; HEAP]),
    used: Cell::new(0),
    blocks: Cell::new(0),
};

// SAFETY: blocks do not overlap, `used` only moves past what was handed out until no block is left.
unsafe impl GlobalAlloc for Row {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.used.get().next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()).filter(|end| *end <= HEAP) else {
            return std::ptr::null_mut();
        };
        self.used.set(end);
        self.blocks.set(self.blocks.get() + 1);
        // SAFETY: `start` is at most `HEAP`.
        unsafe { self.bytes.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        self.blocks.set(self.blocks.get() - 1);
        if self.blocks.get() == 0 {
            self.used.set(0);
        }
    }
}
