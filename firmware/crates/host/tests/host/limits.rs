//! Components that break their limits, one limit after the other; their neighbours keep their pace.

use crate::support::{Bundle, On, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

const FUEL: u64 = 0;
const REFILL: u64 = 4;
const MESSAGES: u64 = 6;
const TELEMETRY: u64 = 7;
const KEY_VALUE: u64 = 8;

/// A board on which `neighbour` runs each 100 ms, and `greedy` as well as it can.
fn beside(greedy: Bundle) -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle {
        name: "neighbour",
        interval_ms: 100,
        ..Bundle::new(1, "1.0.0", script("quiet", 600))
    });
    rig.subscribe(600, None);
    rig.deploy(&Bundle {
        name: "greedy",
        ..greedy
    });
    rig
}

/// Lets ten seconds pass. The neighbour must not feel anything.
fn keeps_pace(rig: &mut Small) {
    let before = rig.row("neighbour").calls;
    rig.pass(10_000);
    let calls = rig.row("neighbour").calls - before;
    assert!((99..=101).contains(&calls), "{calls}");
}

/// The one event about `limit`.
fn breach(rig: &Small, limit: &str) -> Option<u64> {
    let mut events = rig.distinct("limit");
    events.retain(|event| event.text("n").as_deref() == Some(limit));
    assert!(events.len() <= 1, "{events:?}");
    let event = events.first()?;
    assert_eq!(
        (event.text("wl").as_deref(), event.text("comp").as_deref()),
        (Some("greedy"), Some("main"))
    );
    event.number("v")
}

#[test]
fn limits_that_stop_a_component() {
    for (word, reason, limit, value) in [
        ("fuel:2", "fuel", "fuel-per-call", 1_000_000),
        ("memory:2", "memory", "memory", 65_536),
        ("handles:2", "handles", "handles", 8),
        ("stack:2", "stack", "stack", 4_096),
        (
            "host-call-bytes:2",
            "host-call-bytes",
            "host-call-bytes",
            4_096,
        ),
    ] {
        let mut rig = beside(Bundle {
            interval_ms: 20_000,
            calls: 0,
            ..Bundle::new(1, "1.0.0", script(word, 600))
        });
        rig.pass(35_000);
        keeps_pace(&mut rig);
        let stop = rig.distinct("stop").pop().unwrap();
        let expected = [reason, ": as the script says"].concat();
        assert_eq!(stop.text("reason"), Some(expected));
        assert_eq!(rig.row("greedy").reason, "", "{reason}: it runs again");
        assert_eq!(breach(&rig, limit), Some(value), "{limit}");
    }
}

#[test]
fn a_component_without_fuel_waits_for_it() {
    let mut rig = beside(Bundle {
        interval_ms: 10,
        calls: 0,
        limits: vec![(FUEL, 20_000), (REFILL, 20_000)],
        ..Bundle::new(1, "1.0.0", script("spin:4 quiet", 600))
    });
    keeps_pace(&mut rig);
    let before = rig.row("greedy").calls;
    keeps_pace(&mut rig);
    let calls = rig.row("greedy").calls - before;
    assert!((39..=41).contains(&calls), "5,000 fuel a call: {calls}");
    assert_eq!(breach(&rig, "fuel-per-second"), Some(20_000));
}

#[test]
fn a_busy_service_is_held_to_its_refill() {
    let mut rig = beside(Bundle {
        limits: vec![(FUEL, 1_000), (REFILL, 100_000)],
        ..Bundle::on("greedy", "as:greedy spin:1 again", vec![On::Service])
    });
    keeps_pace(&mut rig);
    let start = rig.pace("greedy").slices;
    keeps_pace(&mut rig);
    let slices = rig.pace("greedy").slices - start;
    assert!((990..=1_010).contains(&slices), "{slices}");
    assert_eq!(breach(&rig, "fuel-per-second"), Some(100_000));
    assert_eq!(rig.row("greedy").state, "confirmed");
}

#[test]
fn messages_over_the_rate_are_refused_and_told_once() {
    let mut rig = beside(Bundle {
        interval_ms: 50,
        limits: vec![(MESSAGES, 4)],
        ..Bundle::new(1, "1.0.0", script("publish:room.one:hello", 600))
    });
    rig.pass(1);
    assert_eq!(breach(&rig, "messages-per-second"), Some(4));
    rig.acknowledge();
    keeps_pace(&mut rig);
    let said = |kind| rig.distinct(kind).len();
    let sent = said("message") + said("log") + said("telemetry");
    // What the guest logs of a refused message counts, too.
    assert!((38..=44).contains(&sent), "{sent} in ten seconds");
    assert_eq!(rig.row("greedy").state, "confirmed");
}

#[test]
fn measurements_over_the_limit_are_refused_and_told_once() {
    let mut rig = beside(Bundle {
        interval_ms: 500,
        limits: vec![(TELEMETRY, 100)],
        ..Bundle::new(1, "1.0.0", script("fine", 600))
    });
    keeps_pace(&mut rig);
    let sent = rig.distinct("telemetry").len();
    assert_eq!(sent, 2, "of 38 bytes each");
    assert_eq!(breach(&rig, "telemetry-bytes-per-hour"), Some(100));
    assert_eq!(rig.row("greedy").state, "confirmed");
}

#[test]
fn values_over_the_limit_are_not_kept() {
    let mut rig = beside(Bundle {
        interval_ms: 2_000,
        calls: 1,
        grants: vec![("wasi:keyvalue/store@0.2.0-draft", vec!["b"])],
        limits: vec![(KEY_VALUE, 100)],
        ..Bundle::new(
            1,
            "1.0.0",
            script("set:a:60 set:b:60 get:b set:a:90 get:a", 600),
        )
    });
    rig.pass(1);
    assert_eq!(rig.said("get"), ["none", "90"]);
    assert_eq!(rig.said("set"), [r#"Other("over-limit")"#]);
    assert_eq!(breach(&rig, "key-value-bytes"), Some(100));
    keeps_pace(&mut rig);
}

#[test]
fn limits_beyond_the_board_are_refused_by_name() {
    let mut rig = Small::enrolled();
    for (number, name) in [
        (0, "fuel-per-call"),
        (1, "memory"),
        (2, "stack"),
        (3, "host-call-bytes"),
        (4, "fuel-per-second"),
        (5, "handles"),
        (6, "messages-per-second"),
        (7, "telemetry-bytes-per-hour"),
        (8, "key-value-bytes"),
    ] {
        let bundle = Bundle {
            limits: vec![(number, 1 << 40)],
            ..Bundle::new(1, "1.0.0", script("fine", 600))
        };
        let answer = rig.send_envelope(&bundle.envelope());
        assert_eq!(answer.text("rsn"), Some(["over-limit: ", name].concat()));
    }
}
