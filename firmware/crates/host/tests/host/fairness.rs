//! Two busy components and a handler that a timer calls a hundred times a second.

use crate::support::SLICE_US;
use crate::support::{Bundle, On, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

const FUEL: u64 = 0;
const REFILL: u64 = 4;

/// More fuel than there is time for.
fn busy(name: &'static str, on: On) -> Bundle {
    let words = &format!("as:{name} spin:100000 again");
    Bundle {
        limits: vec![(FUEL, 10_000_000), (REFILL, 10_000_000)],
        calls: 0,
        ..Bundle::on(name, words, vec![on])
    }
}

fn lateness_beside(on: fn() -> On) {
    let mut rig = Small::enrolled_with_room(4);
    rig.deploy(&Bundle {
        interval_ms: 10,
        ..Bundle::new(1, "1.0.0", script("as:timer quiet", 600))
    });
    for name in ["one", "two"] {
        rig.install(&busy(name, on()));
        rig.activate(name);
        rig.confirm(name, 1);
    }
    rig.pass(5_000);
    let before = rig.pace("timer").begins.len();
    let (one, two) = (rig.pace("one").slices, rig.pace("two").slices);
    rig.pass(10_000);
    let pace = rig.pace("timer");
    let begins = &pace.begins[before..];
    assert!((999..=1_001).contains(&begins.len()), "{}", begins.len());
    let late = begins.iter().map(|begin| begin % 10_000_000);
    let late_us = late.max().unwrap() / 1_000;
    // The slice that runs when the timer comes due, and one of the ring if the last run was late, too.
    assert!(late_us <= 2 * SLICE_US, "{late_us} us");
    let (one, two) = (rig.pace("one").slices - one, rig.pace("two").slices - two);
    assert!(one.abs_diff(two) <= 2, "{one} {two}");
    assert!(one > 2_400, "{one} of 5,000 slices");
}

#[test]
fn busy_services_make_a_timer_late_by_two_slices_at_most() {
    lateness_beside(|| On::Service);
}

#[test]
fn busy_handlers_of_timers_make_a_timer_late_by_two_slices_at_most() {
    lateness_beside(|| On::Interval(1));
}

#[test]
fn timers_that_are_always_late_do_not_starve_the_ring() {
    let mut rig = Small::enrolled_with_room(4);
    for name in ["one", "two"] {
        rig.install(&Bundle {
            limits: vec![(REFILL, 10_000_000)],
            ..Bundle::on(name, "spin:1 quiet", vec![On::Interval(1)])
        });
        rig.activate(name);
    }
    rig.install(&busy("ring", On::Service));
    rig.activate("ring");
    rig.pass(1);
    let before = rig.pace("ring").slices;
    rig.pass(6_000);
    let slices = rig.pace("ring").slices - before;
    assert!(slices > 900, "{slices} of 3,000 slices");
}
