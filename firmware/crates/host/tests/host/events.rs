//! Events: sent while a lease runs, again until acknowledged, and counted when dropped.

use crate::support::{Bundle, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

fn sequences(rig: &Small) -> Vec<u64> {
    rig.events
        .iter()
        .map(|event| event.number("seq").unwrap())
        .collect()
}

/// A board whose guest logs and measures once a second.
fn board() -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::new(1, "1.0.0", script("fine", 500)));
    rig
}

#[test]
fn nothing_is_sent_without_a_lease() {
    let mut rig = board();
    rig.pass(10_000);
    assert!(rig.events.is_empty());
    rig.subscribe(5, None);
    rig.pass(4_000);
    let held = rig.events.len();
    assert!(held > 10);
    rig.pass(2_000);
    rig.events.clear();
    rig.pass(10_000);
    assert!(rig.events.is_empty(), "the lease has ended");
    rig.subscribe(5, None);
    rig.subscribe(0, None);
    rig.pass(10_000);
    assert!(rig.events.is_empty(), "a lease of 0 ends it");
}

#[test]
fn events_come_in_order_and_again_until_acknowledged() {
    let mut rig = board();
    let answer = rig.subscribe(60, None);
    let newest = answer.number("seq").unwrap();
    assert_eq!(answer.number("first"), Some(1));
    rig.pass(1);
    assert_eq!(sequences(&rig), (1..=newest).collect::<Vec<_>>());
    rig.events.clear();
    rig.pass(500);
    assert!(rig.events.is_empty());
    rig.pass(2_000);
    assert!(
        sequences(&rig).starts_with(&(1..=newest).collect::<Vec<_>>())
            || sequences(&rig).contains(&1)
    );
    let boot = answer.number("boot").unwrap();
    let answer = rig.subscribe(60, Some((boot, newest)));
    assert_eq!(answer.number("first"), Some(newest + 1));
    let answer = rig.subscribe(60, Some((boot + 1, newest + 100)));
    assert_eq!(
        answer.number("first"),
        Some(newest + 1),
        "another boot's acknowledgement frees nothing"
    );
    rig.events.clear();
    rig.pass(3_000);
    assert!(sequences(&rig).iter().all(|sequence| *sequence > newest));
}

#[test]
fn measurements_and_log_lines_name_their_workload() {
    let mut rig = board();
    rig.subscribe(60, None);
    rig.pass(1_500);
    let event = rig.events_of("telemetry").pop().unwrap();
    assert_eq!(event.text("wl").as_deref(), Some("thermometer"));
    assert_eq!(event.text("ver").as_deref(), Some("1.0.0"));
    assert_eq!(
        (event.text("n").as_deref(), event.text("u").as_deref()),
        (Some("count"), Some("1"))
    );
    let log = rig.events_of("log").pop().unwrap();
    assert_eq!(
        (log.number("lvl"), log.text("msg").as_deref()),
        (Some(2), Some("a call"))
    );
}

#[test]
fn a_full_buffer_drops_the_newest_and_says_how_many() {
    let mut rig = board();
    rig.pass(200_000);
    let answer = rig.subscribe(600, None);
    let (boot, newest) = (
        answer.number("boot").unwrap(),
        answer.number("seq").unwrap(),
    );
    rig.pass(1);
    rig.subscribe(600, Some((boot, newest)));
    rig.events.clear();
    rig.pass(1_500);
    let dropped = rig.events_of("dropped");
    assert_eq!(dropped.len(), 1);
    assert!(dropped[0].number("count").unwrap() > 200);
    assert_eq!(
        dropped[0].number("seq"),
        Some(newest + 1),
        "no gap in the numbers"
    );
}

#[test]
fn events_wait_for_room_on_the_line() {
    let mut rig = board();
    rig.subscribe(60, None);
    rig.line.room = 0;
    rig.pass(5_000);
    assert!(rig.events.is_empty());
    rig.line.room = 8_192;
    rig.pass(1);
    assert!(rig.events.len() > 10);
}

#[test]
fn a_guest_over_its_message_rate_is_held_and_told_of_once() {
    let mut rig = Small::enrolled();
    let chatty = Bundle {
        interval_ms: 10,
        limits: vec![(6, 4)],
        ..Bundle::new(1, "1", script("fine", 500))
    };
    rig.deploy(&chatty);
    rig.subscribe(600, None);
    rig.pass(1_900);
    let (boot, newest) = (1, rig.events.last().unwrap().number("seq").unwrap());
    rig.subscribe(600, Some((boot, newest)));
    let said = rig.events_of("log").len() + rig.events_of("telemetry").len();
    assert!((4..=20).contains(&said), "{said}");
    let limits = rig.events_of("limit");
    assert_eq!(limits.len(), 1);
    assert_eq!(limits[0].text("n").as_deref(), Some("messages-per-second"));
    assert_eq!(
        (limits[0].text("wl").as_deref(), limits[0].number("v")),
        (Some("thermometer"), Some(4))
    );
}
