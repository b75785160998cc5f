//! `wasi:clocks/monotonic-clock` and `wasi:io/poll`: time that never goes back, and waiting for it.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::monotonic_clock as clock;
use petiole_guest::poll::poll;

const MILLISECOND: u64 = 1_000_000;

checks! {
    /// `now` never goes back.
    fn time_never_goes_back() -> bool {
        let mut last = clock::now();
        (0..100).all(|_| {
            let before = core::mem::replace(&mut last, clock::now());
            last >= before
        })
    }

    /// `resolution` is more than nothing, and at most 10 ms.
    fn the_resolution_is_known() -> bool {
        (1..=10 * MILLISECOND).contains(&clock::resolution())
    }

    /// A pollable of `subscribe-duration` is ready after that time and not before.
    fn a_duration_is_waited_for() -> bool {
        let start = clock::now();
        let pollable = clock::subscribe_duration(30 * MILLISECOND);
        let early = pollable.ready();
        pollable.block();
        !early && pollable.ready() && clock::now() - start >= 30 * MILLISECOND
    }

    /// A pollable of `subscribe-instant` is ready at that time.
    fn an_instant_is_waited_for() -> bool {
        let when = clock::now() + 30 * MILLISECOND;
        clock::subscribe_instant(when).block();
        clock::now() >= when
    }

    /// An instant that is over, and a duration of nothing, are ready at once.
    fn what_is_over_is_ready() -> bool {
        clock::subscribe_instant(0).ready() && clock::subscribe_duration(0).ready()
    }

    /// The longest duration neither is ready nor overflows.
    fn the_longest_duration_waits() -> bool {
        !clock::subscribe_duration(u64::MAX).ready()
    }

    /// `poll` waits for the first of several and names it.
    fn poll_names_the_first() -> bool {
        let late = clock::subscribe_duration(10_000 * MILLISECOND);
        let soon = clock::subscribe_duration(20 * MILLISECOND);
        poll(&[&late, &soon]) == [1]
    }

    /// `poll` names all that are ready, in order.
    fn poll_names_all_that_are_ready() -> bool {
        let over = clock::subscribe_instant(0);
        let late = clock::subscribe_duration(10_000 * MILLISECOND);
        let also_over = clock::subscribe_duration(0);
        poll(&[&over, &late, &also_over]) == [0, 2]
    }

    /// One pollable may stand in the list twice.
    fn poll_takes_one_pollable_twice() -> bool {
        let over = clock::subscribe_instant(0);
        poll(&[&over, &over]) == [0, 1]
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
