//! `petiole:schedule/handler`: what a host calls on a schedule.
//!
//! The guest is called every second.
#![no_std]

extern crate alloc;

use alloc::string::String;
use core::sync::atomic::{AtomicU64, Ordering};

use conformance_report::checks;
use petiole_guest::{Handler, monotonic_clock};

const MILLISECOND: u64 = 1_000_000;

/// Times of the first and the second call, nanoseconds.
static CALLS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

checks! {
    /// The handler is called again, and finds what it left in its memory.
    fn memory_lasts_from_call_to_call() -> bool {
        CALLS.iter().all(|call| call.load(Ordering::Relaxed) > 0)
    }

    /// Two calls are an interval apart, within a half.
    fn the_interval_is_kept() -> bool {
        let [first, second] = CALLS.each_ref().map(|call| call.load(Ordering::Relaxed));
        (500 * MILLISECOND..1_500 * MILLISECOND).contains(&second.saturating_sub(first))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        match CALLS
            .iter()
            .position(|call| call.load(Ordering::Relaxed) == 0)
        {
            Some(call) => CALLS[call].store(monotonic_clock::now(), Ordering::Relaxed),
            None => return conformance_report::report(CHECKS),
        }
        Ok(())
    }
}

petiole_guest::component!(Guest, heap: 2048);
