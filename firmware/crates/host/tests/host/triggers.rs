//! What makes components run.

use crate::support::{Bundle, On, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

/// 2026-11-21T14:30:05Z.
const NOW_MS: u64 = 1_795_271_405_000;

fn board(words: &str, on: On) -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::on("thermometer", words, vec![on]));
    rig.subscribe(600, None);
    rig.pass(1);
    rig.acknowledge();
    rig
}

#[test]
fn a_calendar_waits_for_the_time_of_day_and_says_so_once() {
    let mut rig = Small::enrolled();
    rig.subscribe(600, None);
    let bundle = Bundle::on("thermometer", "fine", vec![On::Calendar("* * * * *")]);
    rig.deploy(&bundle);
    rig.pass(200_000);
    assert_eq!(rig.row("thermometer").calls, 0);
    assert_eq!(rig.said("calendar").len(), 1);
    rig.set_time(NOW_MS);
    rig.pass(54_000);
    assert_eq!(rig.row("thermometer").calls, 0);
    rig.pass(2_000);
    assert_eq!(rig.row("thermometer").calls, 1);
    rig.pass(120_000);
    assert_eq!(rig.row("thermometer").calls, 3);
}

#[test]
fn a_clock_that_is_set_moves_the_calendar() {
    let mut rig = board("fine", On::Calendar("0 * * * *"));
    rig.set_time(NOW_MS);
    rig.pass(10_000);
    rig.set_time(NOW_MS + 29 * 60_000);
    rig.pass(56_000);
    assert_eq!(rig.row("thermometer").calls, 1);
    rig.set_time(NOW_MS - 60 * 60_000);
    rig.pass(10_000);
    assert_eq!(rig.row("thermometer").calls, 1);
    rig.pass(30 * 60_000);
    assert_eq!(rig.row("thermometer").calls, 2);
}

#[test]
fn what_is_no_calendar_is_refused() {
    let mut rig = Small::enrolled();
    let bundle = Bundle::on("thermometer", "fine", vec![On::Calendar("61 * * * *")]);
    let answer = rig.send_envelope(&bundle.envelope());
    assert_eq!(
        answer.text("rsn").as_deref(),
        Some("malformed: calendar 61 * * * *")
    );
}

#[test]
fn each_edge_that_counts_is_a_call() {
    let mut rig = board("quiet", On::Edge("button", 0));
    rig.press(true);
    rig.pass(10);
    rig.press(false);
    rig.press(true);
    rig.press(false);
    rig.pass(10);
    assert_eq!(rig.said("edge"), ["button true", "button true"]);
    let mut rig = board("quiet", On::Edge("button", 2));
    rig.press(true);
    rig.press(false);
    rig.press(true);
    rig.pass(10);
    assert_eq!(
        rig.said("edge"),
        ["button true", "button false", "button true"]
    );
}

#[test]
fn edges_before_the_start_do_not_count() {
    let mut rig = Small::enrolled();
    rig.press(true);
    rig.press(false);
    rig.subscribe(600, None);
    rig.deploy(&Bundle::on(
        "thermometer",
        "quiet",
        vec![On::Edge("button", 2)],
    ));
    rig.pass(1_000);
    assert_eq!(rig.said("edge"), [""; 0]);
}

#[test]
fn a_start_runs_once_each_time() {
    let mut rig = board("fine", On::Start);
    rig.pass(10_000);
    assert_eq!(rig.row("thermometer").calls, 1);
    rig.restart("thermometer");
    rig.pass(10_000);
    assert_eq!(rig.row("thermometer").calls, 1);
}

#[test]
fn a_start_that_fails_proves_nothing() {
    let mut rig = Small::enrolled();
    rig.install(&Bundle::on("thermometer", "error", vec![On::Start]));
    rig.activate("thermometer");
    rig.confirm("thermometer", 1);
    rig.pass(29_000);
    assert_eq!(rig.row("thermometer").state, "probation");
    rig.pass(2_000);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, &*row.reason),
        (
            "rolled-back",
            "probation-timeout: too few good calls in time"
        )
    );
}

#[test]
fn a_service_is_healthy_after_a_tenth_of_its_probation() {
    let mut rig = Small::enrolled();
    rig.install(&Bundle::on(
        "thermometer",
        "sleep:100 again",
        vec![On::Service],
    ));
    rig.activate("thermometer");
    rig.confirm("thermometer", 1);
    rig.pass(2_900);
    assert_eq!(rig.row("thermometer").state, "probation");
    rig.pass(200);
    assert_eq!(rig.row("thermometer").state, "confirmed");
}

#[test]
fn the_end_of_a_service_is_a_stop() {
    let mut rig = board("sleep:5000 end", On::Service);
    rig.pass(2_000);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, &*row.reason),
        ("confirmed", "error: the service ended")
    );
    rig.pass(1_100);
    assert_eq!(rig.row("thermometer").reason, "");
}

#[test]
fn a_service_has_no_other_triggers() {
    let mut rig = Small::enrolled();
    let bundle = Bundle::on("thermometer", "fine", vec![On::Service, On::Interval(5)]);
    assert_eq!(
        rig.send_envelope(&bundle.envelope()).refusal(),
        "unsupported"
    );
}

#[test]
fn a_guest_that_waits_does_not_hold_the_others() {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::new(1, "1.0.0", script("fine", 600)));
    rig.deploy(&Bundle {
        calls: 0,
        ..Bundle::on("waiting", "sleep:700", vec![On::Interval(10)])
    });
    let (before, waited) = (rig.row("thermometer").calls, rig.row("waiting").calls);
    rig.pass(10_000);
    assert_eq!(rig.row("thermometer").calls, before + 10);
    let waited = rig.row("waiting").calls - waited;
    assert!((13..=15).contains(&waited), "{waited}");
}

#[test]
fn an_edge_of_an_input_that_is_not_there_is_refused() {
    let mut rig = Small::enrolled();
    let bundle = Bundle::on("thermometer", "fine", vec![On::Edge("door", 2)]);
    let answer = rig.send_envelope(&bundle.envelope());
    assert_eq!(answer.text("rsn").as_deref(), Some("no-such-label: door"));
}
