//! `wasi:clocks/wall-clock` and `petiole:clock/synchronization`: the time of day, and how right it is.
//!
//! A host whose clock was never set counts from 1970 and says so; the checks hold for it too.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::{Handler, monotonic_clock, synchronization, wall_clock};

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/// 2024-01-01, before any of our hosts existed.
const NEW_YEAR_2024: u64 = 1_704_067_200;

fn nanoseconds(time: wall_clock::Datetime) -> u64 {
    time.seconds * SECOND + u64::from(time.nanoseconds)
}

checks! {
    /// The nanoseconds are less than a second.
    fn a_second_has_its_nanoseconds() -> bool {
        (0..20).all(|_| u64::from(wall_clock::now().nanoseconds) < SECOND)
    }

    /// `resolution` is more than nothing, and at most a second.
    fn the_resolution_is_known() -> bool {
        (1..=SECOND).contains(&nanoseconds(wall_clock::resolution()))
    }

    /// The clock runs as fast as the monotonic clock: 100 ms are 80 to 300 ms.
    fn the_clock_runs() -> bool {
        let start = nanoseconds(wall_clock::now());
        monotonic_clock::subscribe_duration(100 * MILLISECOND).block();
        let passed = nanoseconds(wall_clock::now()).saturating_sub(start);
        (80 * MILLISECOND..300 * MILLISECOND).contains(&passed)
    }

    /// A clock that was set shows a time after 2024, one that was not counts from 1970.
    fn a_set_clock_shows_the_date() -> bool {
        let seconds = wall_clock::now().seconds;
        match synchronization::status() {
            Some(_) => seconds > NEW_YEAR_2024,
            None => seconds < NEW_YEAR_2024,
        }
    }

    /// A clock that was set says how wrong it may be: not by nothing, and not by a day.
    fn a_set_clock_is_uncertain() -> bool {
        synchronization::status()
            .is_none_or(|status| (1..86_400 * SECOND).contains(&status.uncertainty))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
