//! What becomes of workloads and boards that fail again and again.

use crate::support::{Bundle, On, Rig, SMALL_BLOCKS, command, script};

type Small = Rig<SMALL_BLOCKS>;

/// A release that is confirmed at once and traps in its second call.
fn trapping() -> Bundle {
    Bundle {
        calls: 0,
        ..Bundle::new(1, "1.0.0", script("trap:2", 600))
    }
}

fn failed() -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&trapping());
    rig.subscribe(600, None);
    rig.pass(150_000);
    rig
}

#[test]
fn the_eighth_quick_stop_leaves_a_workload_failed() {
    let mut rig = failed();
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, &*row.reason),
        ("failed", "trap: as the script says")
    );
    let stops = rig.distinct("stop").len();
    assert_eq!(stops, 8);
    rig.pass(300_000);
    assert_eq!(rig.distinct("stop").len(), stops);
    rig.boot();
    rig.pass(10_000);
    assert_eq!(
        rig.row("thermometer").state,
        "failed",
        "a power cut is no order"
    );
}

#[test]
fn an_order_ends_a_failed_state() {
    let mut rig = failed();
    let answer = rig.restart("thermometer");
    assert_eq!(answer.text("state").as_deref(), Some("confirmed"));
    rig.pass(1_100);
    assert_eq!(rig.row("thermometer").calls, 1);

    let mut rig = failed();
    rig.request(0, 5, true, &[0xa0]);
    rig.boot();
    rig.pass(1_100);
    let row = rig.row("thermometer");
    assert_eq!((&*row.state, row.calls), ("confirmed", 1));

    let mut rig = failed();
    rig.deploy(&Bundle::new(2, "2.0.0", script("fine", 600)));
}

#[test]
fn a_minute_of_good_running_forgets_the_stops_before() {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle {
        calls: 0,
        ..Bundle::new(1, "1.0.0", script("trap:62", 600))
    });
    rig.pass(20 * 64_000);
    assert_eq!(rig.row("thermometer").state, "confirmed");
}

#[test]
fn a_post_mortem_says_what_happened() {
    let mut rig = Small::enrolled();
    rig.deploy(&trapping());
    rig.subscribe(600, None);
    rig.pass(2_100);
    let stop = rig.distinct("stop").pop().unwrap();
    for (name, text) in [
        ("wl", "thermometer"),
        ("ver", "1.0.0"),
        ("comp", "main"),
        ("reason", "trap: as the script says"),
        ("trap", "as the script says"),
    ] {
        assert_eq!(stop.text(name).as_deref(), Some(text), "{name}");
    }
    for (name, number) in [
        ("fn", 3),
        ("pc", 0x123),
        ("fuel", 1_000),
        ("mem", 65_536),
        ("stack", 512),
        ("at", 2_000),
    ] {
        assert_eq!(stop.number(name), Some(number), "{name}");
    }
    let mut release = stop.find("rel").unwrap();
    assert_eq!(release.array_of::<32>().unwrap().len(), 32);
}

#[test]
fn post_mortems_outlive_a_reset_until_somebody_has_them() {
    let mut rig = Small::enrolled();
    rig.deploy(&trapping());
    rig.pass(20_000);
    rig.boot();
    rig.subscribe(600, None);
    rig.pass(100);
    let stops = rig.distinct("stop");
    assert_eq!(stops.len(), 4);
    assert_eq!(stops[0].number("at"), Some(2_000));
    rig.acknowledge();
    rig.boot();
    rig.subscribe(600, None);
    rig.pass(100);
    assert_eq!(rig.distinct("stop").len(), 0);
}

#[test]
fn no_more_than_eight_post_mortems_are_kept() {
    let mut rig = failed();
    rig.restart("thermometer");
    rig.pass(20_000);
    rig.boot();
    rig.events.clear();
    rig.subscribe(600, None);
    rig.pass(100);
    assert_eq!(rig.distinct("stop").len(), 8);
}

fn is_safe(rig: &mut Small) -> bool {
    let facts = rig.request(64, command::FACTS, false, &[0xa0]);
    facts.find("safe").unwrap().boolean().unwrap()
}

/// A board whose firmware crashed so often that it starts no workload.
fn safe() -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::new(1, "1.0.0", script("fine", 600)));
    for _ in 0..2 {
        rig.crash();
        rig.pass(59_000);
        assert!(!is_safe(&mut rig));
        assert!(rig.row("thermometer").calls > 0);
    }
    rig.crash();
    assert!(is_safe(&mut rig));
    rig.pass(120_000);
    assert_eq!(rig.row("thermometer").calls, 0);
    rig
}

#[test]
fn crashes_in_a_row_lead_to_safe_mode_which_a_reset_ends() {
    let mut rig = safe();
    rig.crash();
    assert!(is_safe(&mut rig));
    rig.request(0, 5, true, &[0xa0]);
    rig.boot();
    assert!(!is_safe(&mut rig));
    rig.pass(1_100);
    assert_eq!(rig.row("thermometer").calls, 1);
}

#[test]
fn an_activation_ends_safe_mode() {
    let mut rig = safe();
    rig.deploy(&Bundle {
        name: "blinky",
        ..Bundle::new(1, "1.0.0", script("fine", 600))
    });
    assert!(!is_safe(&mut rig));
    assert!(rig.row("thermometer").calls > 0);
}

#[test]
fn a_minute_without_a_crash_ends_the_row_and_so_does_a_power_cut() {
    let mut rig = Small::enrolled();
    for _ in 0..5 {
        rig.crash();
        rig.pass(61_000);
    }
    assert!(!is_safe(&mut rig));
    for _ in 0..5 {
        rig.crash();
        rig.boot();
    }
    assert!(!is_safe(&mut rig));
}

#[test]
fn a_start_that_fails_is_tried_again_later() {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::on("thermometer", "fine", vec![On::Start]));
    let place = rig.layout.workloads as usize + 900;
    rig.nor.damage(place, 1);
    rig.boot();
    rig.pass(100);
    assert!(rig.row("thermometer").reason.starts_with("digest-mismatch"));
    rig.nor.damage(place, 1);
    rig.pass(2_000);
    let row = rig.row("thermometer");
    assert_eq!((&*row.reason, row.calls), ("", 1));
}

#[test]
fn a_release_on_probation_waits_for_the_end_of_safe_mode() {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::new(1, "1.0.0", script("fine", 600)));
    rig.pass(61_000);
    rig.crash();
    rig.crash();
    rig.install(&Bundle::new(2, "2.0.0", script("fine two", 600)));
    rig.activate("thermometer");
    rig.crash();
    assert!(!is_safe(&mut rig), "an activation ends the row of crashes");
    let mut rig = safe();
    rig.install(&Bundle::new(2, "2.0.0", script("fine two", 600)));
    rig.pass(40_000);
    let row = rig.row("thermometer");
    assert_eq!((&*row.state, row.calls), ("staged", 0));
    rig.activate("thermometer");
    rig.confirm("thermometer", 2);
    rig.pass(4_000);
    assert_eq!(rig.row("thermometer").state, "confirmed");
}
