//! `petiole:gpio/handler`: what a host calls when an input changes.
//!
//! The guest is granted the output `loop-out`, which is wired to the input `loop-in`, and is called for any edge of that. It drives
//! the output on its schedule: high, low, and checks after that.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use conformance_report::checks;
use petiole_guest::bindings::wasi::gpio::types::PinState;
use petiole_guest::{EdgeHandler, Handler, digital};

/// Times that the schedule's handler was called.
static RUNS: AtomicU32 = AtomicU32::new(0);
/// Changes to low, and to high.
static EDGES: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];
static STRANGE: AtomicBool = AtomicBool::new(false);

fn count(value: &AtomicU32) -> u32 {
    let count = value.load(Ordering::Relaxed);
    value.store(count + 1, Ordering::Relaxed);
    count
}

checks! {
    /// A change to high calls the handler once, with `high` true.
    fn a_rising_edge_calls() -> bool {
        EDGES[1].load(Ordering::Relaxed) == 1
    }

    /// A change to low calls the handler once, with `high` false.
    fn a_falling_edge_calls() -> bool {
        EDGES[0].load(Ordering::Relaxed) == 1
    }

    /// The label is that of the input.
    fn the_label_is_the_inputs() -> bool {
        !STRANGE.load(Ordering::Relaxed)
    }
}

struct Guest;

impl EdgeHandler for Guest {
    fn edge(label: String, high: bool) -> Result<(), String> {
        if label != "loop-in" {
            STRANGE.store(true, Ordering::Relaxed);
        }
        count(&EDGES[usize::from(high)]);
        Ok(())
    }
}

impl Handler for Guest {
    fn run() -> Result<(), String> {
        let state = match count(&RUNS) {
            0 => PinState::High,
            1 => PinState::Low,
            _ => return conformance_report::report(CHECKS),
        };
        let drive = || digital::open_output("loop-out")?.set_state(state);
        drive().map_err(|_| "the output loop-out cannot be driven".to_string())
    }
}

petiole_guest::component!(Guest, heap: 2048);
