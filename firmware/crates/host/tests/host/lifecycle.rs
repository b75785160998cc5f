//! The life of workloads on a board: installed, proven, confirmed, taken back.

use crate::support::{Bundle, Rig, SMALL_BLOCKS, command, script};

type Small = Rig<SMALL_BLOCKS>;

fn good(sequence: u64, version: &'static str) -> Bundle {
    Bundle::new(sequence, version, script("fine", 9_000))
}

#[test]
fn a_release_is_confirmed_after_good_calls_and_a_round_trip() {
    let mut rig = Small::enrolled();
    let bundle = good(1, "1.0.0");
    assert_eq!(
        rig.install(&bundle).text("state").as_deref(),
        Some("staged")
    );
    assert_eq!(rig.row("thermometer").state, "staged");
    assert_eq!(
        rig.activate("thermometer").text("state").as_deref(),
        Some("probation")
    );
    assert_eq!(
        rig.confirm("thermometer", 1).text("state").as_deref(),
        Some("probation")
    );
    rig.pass(2_500);
    assert_eq!(rig.row("thermometer").state, "probation");
    rig.pass(1_000);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, &*row.reason, row.previous, row.calls),
        ("confirmed", "", None, 3)
    );
    assert_eq!(
        rig.confirm("thermometer", 1).text("state").as_deref(),
        Some("confirmed")
    );
}

#[test]
fn every_state_on_the_way_is_told() {
    let mut rig = Small::enrolled();
    rig.subscribe(60, None);
    rig.deploy(&good(1, "1.0.0"));
    rig.pass(100);
    let told: Vec<_> = rig
        .events_of("state")
        .iter()
        .filter_map(|event| event.text("state"))
        .collect();
    for state in [
        "downloading",
        "verified",
        "staged",
        "probation",
        "confirmed",
    ] {
        assert!(told.iter().any(|seen| seen == state), "{state} of {told:?}");
    }
}

#[test]
fn good_calls_alone_do_not_confirm() {
    let mut rig = Small::enrolled();
    rig.deploy(&good(1, "1.0.0"));
    rig.install(&good(2, "2.0.0"));
    rig.activate("thermometer");
    rig.pass(29_000);
    assert_eq!(rig.row("thermometer").state, "probation");
    rig.pass(2_000);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, row.previous.as_deref()),
        ("rolled-back", Some("1.0.0"))
    );
    assert!(
        row.reason.starts_with("probation-timeout: no round trip"),
        "{}",
        row.reason
    );
}

#[test]
fn an_update_keeps_the_old_release_running_until_it_is_activated() {
    let mut rig = Small::enrolled();
    rig.deploy(&good(1, "1.0.0"));
    let update = Bundle::new(2, "2.0.0", script("fine other", 9_000));
    rig.send_envelope(&update.envelope());
    rig.send_block(&update.code, 0);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.version, &*row.state, row.previous.as_deref()),
        ("2.0.0", "downloading", Some("1.0.0"))
    );
    assert_eq!(row.offset, 1_500);
    let before = row.calls;
    rig.pass(5_000);
    assert_eq!(rig.row("thermometer").calls, before + 5);
    rig.deploy(&update);
    rig.boot();
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.version, &*row.state, row.previous),
        ("2.0.0", "confirmed", None)
    );
    rig.pass(1_500);
    assert_eq!(rig.row("thermometer").calls, 1);
}

#[test]
fn each_way_to_stop_takes_a_release_on_probation_back() {
    for (words, reason) in [
        ("trap:2", "trap: as the script says"),
        ("fuel:1", "fuel: as the script says"),
        ("memory:2", "memory: as the script says"),
        ("error", "error: as the script says"),
    ] {
        let mut rig = Small::enrolled();
        rig.deploy(&good(1, "1.0.0"));
        let bad = Bundle {
            calls: 20,
            ..Bundle::new(2, "2.0.0", script(words, 5_000))
        };
        rig.install(&bad);
        rig.activate("thermometer");
        rig.confirm("thermometer", 2);
        rig.pass(5_000);
        let row = rig.row("thermometer");
        assert_eq!(
            (&*row.version, &*row.state, &*row.reason),
            ("2.0.0", "rolled-back", reason)
        );
        assert_eq!(row.previous.as_deref(), Some("1.0.0"));
        assert!(row.calls > 0, "the old release runs again");
        rig.boot();
        let again = rig.row("thermometer");
        assert_eq!(
            (again.version, again.state, again.reason),
            (row.version, row.state, row.reason)
        );
        rig.pass(1_500);
        assert_eq!(rig.row("thermometer").calls, 1);
    }
}

#[test]
fn a_first_release_that_fails_leaves_nothing_running() {
    let mut rig = Small::enrolled();
    rig.install(&Bundle::new(1, "1.0.0", script("trap:1", 2_000)));
    rig.activate("thermometer");
    rig.pass(10_000);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, row.previous, row.calls),
        ("rolled-back", None, 0)
    );
    rig.deploy(&good(2, "2.0.0"));
}

#[test]
fn a_release_that_resets_the_board_on_probation_is_rolled_back() {
    let mut rig = Small::enrolled();
    rig.deploy(&good(1, "1.0.0"));
    rig.install(&good(2, "2.0.0"));
    rig.activate("thermometer");
    for _ in 0..2 {
        rig.boot();
        assert_eq!(rig.row("thermometer").state, "probation");
    }
    rig.boot();
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, row.previous.as_deref()),
        ("rolled-back", Some("1.0.0"))
    );
    assert!(
        row.reason.starts_with("error: the board was restarted"),
        "{}",
        row.reason
    );
}

#[test]
fn a_confirmed_guest_that_stops_is_started_again_later_each_time() {
    let mut rig = Small::enrolled();
    let bundle = Bundle {
        calls: 2,
        ..Bundle::new(1, "1.0.0", script("trap:4", 2_000))
    };
    rig.deploy(&bundle);
    rig.pass(2_100);
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, &*row.reason, row.calls),
        ("confirmed", "trap: as the script says", 0)
    );
    rig.subscribe(600, None);
    rig.pass(60_000);
    let stops = rig
        .events_of("stop")
        .iter()
        .map(|event| event.number("up").unwrap())
        .collect::<Vec<_>>();
    let mut stops: Vec<u64> = stops.into_iter().filter(|up| *up > 0).collect();
    stops.dedup();
    stops.sort_unstable();
    stops.dedup();
    let pauses: Vec<u64> = stops
        .windows(2)
        .map(|pair| pair[1] - pair[0] - 4_000)
        .collect();
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 16_000]);
}

#[test]
fn sending_the_running_release_again_keeps_it_and_forgets_the_rest() {
    let mut rig = Small::enrolled();
    let first = good(1, "1.0.0");
    rig.deploy(&first);
    let other = Bundle::new(2, "2.0.0", script("fine other", 9_000));
    rig.send_envelope(&other.envelope());
    assert_eq!(rig.row("thermometer").state, "downloading");
    let answer = rig.send_envelope(&first.envelope());
    assert_eq!(answer.text("state").as_deref(), Some("confirmed"));
    assert_eq!(answer.number("next"), answer.number("size"));
    assert_eq!(rig.row("thermometer").state, "confirmed");
    let older = good(1, "0.9.0").envelope();
    assert_eq!(rig.send_envelope(&older).refusal(), "old-sequence");
}

#[test]
fn two_workloads_run_side_by_side_and_one_is_removed() {
    let mut rig = Small::enrolled();
    rig.deploy(&good(1, "1.0.0"));
    rig.deploy(&Bundle {
        name: "blinky",
        interval_ms: 100,
        ..good(1, "1.0.0")
    });
    rig.pass(10_000);
    assert!(rig.row("thermometer").calls >= 10);
    assert!(rig.row("blinky").calls >= 100);
    rig.remove("thermometer");
    assert_eq!(rig.rows().len(), 1);
    rig.boot();
    assert_eq!(rig.row("blinky").state, "confirmed");
    assert_eq!(rig.rows().len(), 1);
    assert_eq!(rig.install(&good(0, "0.9.0")).refusal(), "old-sequence");
    rig.deploy(&good(2, "2.0.0"));
}

#[test]
fn an_artifact_damaged_in_flash_does_not_start() {
    let mut rig = Small::enrolled();
    rig.deploy(&good(1, "1.0.0"));
    let slots = rig.layout.workloads as usize;
    rig.nor.damage(slots + 6_000, 0x01);
    rig.boot();
    rig.pass(5_000);
    let row = rig.row("thermometer");
    assert_eq!(row.calls, 0);
    assert!(row.reason.starts_with("digest-mismatch"), "{}", row.reason);
    rig.nor.damage(slots + 6_000, 0x01);
    rig.nor.damage(slots + 100, 0x01);
    rig.boot();
    let row = rig.row("thermometer");
    assert_eq!((&*row.state, row.calls), ("failed", 0));
    rig.deploy(&good(2, "2.0.0"));
}

#[test]
fn a_board_is_enrolled_once_and_proves_its_key() {
    let mut rig = Small::new();
    let nonce = |out: &mut petiole_cbor::Writer<'_>| _ = out.map(1).text("nonce").bytes(&[9; 32]);
    assert_eq!(rig.write(command::PROVE, nonce).refusal(), "not-enrolled");
    let answer = rig.enroll();
    let key = *answer.find("key").unwrap().array_of::<32>().unwrap();
    assert_eq!(rig.enroll().refusal(), "already-enrolled");
    rig.boot();
    let facts = rig.request(64, command::FACTS, false, &[0xa0]);
    assert_eq!(facts.text("device").as_deref(), Some("desk-1"));
    assert_eq!(facts.find("key").unwrap().array_of::<32>().unwrap(), &key);
    assert_eq!(facts.number("boot"), Some(2));
    let proof = rig.write(command::PROVE, nonce);
    let signature =
        ed25519_dalek::Signature::from_bytes(proof.find("sig").unwrap().array_of().unwrap());
    let message = [&b"petiole-prove-1"[..], &[9; 32]].concat();
    ed25519_dalek::VerifyingKey::from_bytes(&key)
        .unwrap()
        .verify_strict(&message, &signature)
        .unwrap();
}

#[test]
fn reset_is_answered_before_it_happens() {
    let mut rig = Small::new();
    assert!(!rig.wants_reset());
    rig.request(0, 5, true, &[0xa0]);
    assert!(rig.wants_reset());
}
