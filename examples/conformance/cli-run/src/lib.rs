//! `wasi:cli/run`: a service, which a host starts once and lets run.
//!
//! The guest waits between its checks and for ever after them.
#![no_std]

extern crate alloc;

use core::sync::atomic::{AtomicU32, Ordering};

use conformance_report::checks;
use petiole_guest::Service;
use petiole_guest::monotonic_clock as clock;

const MILLISECOND: u64 = 1_000_000;

/// Waits of 10 ms.
static WAITS: AtomicU32 = AtomicU32::new(0);

checks! {
    /// A service runs on while it waits.
    fn a_service_waits() -> bool {
        let start = clock::now();
        while WAITS.load(Ordering::Relaxed) < 50 {
            clock::subscribe_duration(10 * MILLISECOND).block();
            WAITS.store(WAITS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        clock::now() - start >= 500 * MILLISECOND
    }

    /// A service that computes now and then is not stopped for its fuel: 40 times 20,000 steps, with pauses.
    fn a_service_computes() -> bool {
        let mut state: u32 = 1;
        for _ in 0..40 {
            for _ in 0..20_000 {
                state = core::hint::black_box(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            }
            clock::subscribe_duration(50 * MILLISECOND).block();
        }
        state != 1
    }
}

struct Guest;

impl Service for Guest {
    fn run() -> Result<(), ()> {
        loop {
            conformance_report::report(CHECKS).map_err(drop)?;
            clock::subscribe_duration(1_000 * MILLISECOND).block();
        }
    }
}

petiole_guest::component!(Guest, heap: 2048);
