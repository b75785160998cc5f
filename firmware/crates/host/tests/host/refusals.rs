//! Every refusal by its name, over the wire; and the workload that runs stays.

use crate::support::{Bundle, Rig, SMALL_BLOCKS, command, script};

type Small = Rig<SMALL_BLOCKS>;

/// A board that runs release 5.
fn board() -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&next());
    rig
}

fn next() -> Bundle {
    Bundle::new(5, "5", script("fine", 3_000))
}

fn update() -> Bundle {
    Bundle::new(6, "6", script("fine 6", 3_000))
}

fn still_runs(rig: &mut Small) {
    let row = rig.row("thermometer");
    assert!(
        row.version == "5" || row.previous.as_deref() == Some("5"),
        "{row:?}"
    );
    let before = row.calls;
    rig.pass(3_000);
    assert_eq!(rig.row("thermometer").calls, before + 3);
}

fn refuses(envelope: &[u8], name: &str) {
    let mut rig = board();
    rig.subscribe(60, None);
    assert_eq!(rig.send_envelope(envelope).refusal(), name);
    assert_eq!(rig.row("thermometer").state, "confirmed");
    still_runs(&mut rig);
    let refused = rig.events_of("refused");
    assert!(
        refused
            .iter()
            .any(|event| event.text("reason").unwrap().starts_with(name)),
        "{refused:?}"
    );
}

#[test]
fn attacks_with_an_envelope_are_refused_by_name() {
    refuses(&update().unsigned(), "unsigned");
    refuses(
        &Bundle {
            seed: [8; 32],
            ..update()
        }
        .envelope(),
        "unknown-key",
    );
    refuses(
        &Bundle {
            class: [0; 16],
            ..update()
        }
        .envelope(),
        "wrong-class",
    );
    refuses(
        &Bundle {
            vendor: [0; 16],
            ..update()
        }
        .envelope(),
        "wrong-vendor",
    );
    refuses(
        &Bundle {
            sequence: 4,
            ..update()
        }
        .envelope(),
        "old-sequence",
    );
    refuses(
        &Bundle {
            sequence: 5,
            ..update()
        }
        .envelope(),
        "old-sequence",
    );
}

#[test]
fn a_flipped_bit_anywhere_in_an_envelope_is_refused() {
    let mut rig = board();
    let envelope = update().envelope();
    for at in 0..envelope.len() {
        let mut damaged = envelope.clone();
        damaged[at] ^= 1 << (at % 8);
        let refusal = rig.send_envelope(&damaged).refusal();
        let known = [
            "malformed",
            "unsigned",
            "unknown-key",
            "bad-signature",
            "digest-mismatch",
            "unsupported",
        ];
        assert!(known.contains(&&*refusal), "byte {at}: {refusal}");
    }
    still_runs(&mut rig);
}

#[test]
fn what_the_board_does_not_have_is_refused() {
    refuses(
        &Bundle {
            labels: vec!["i2c-env", "relay"],
            ..update()
        }
        .envelope(),
        "no-such-label",
    );
    refuses(
        &Bundle {
            labels: vec!["led"],
            ..update()
        }
        .envelope(),
        "no-such-label",
    );
    refuses(
        &Bundle {
            limits: vec![(1, 70_000)],
            ..update()
        }
        .envelope(),
        "over-limit",
    );
    refuses(
        &Bundle {
            limits: vec![(0, u64::MAX)],
            ..update()
        }
        .envelope(),
        "over-limit",
    );
    refuses(
        &Bundle {
            code: script("fine", 40_000),
            ..update()
        }
        .envelope(),
        "no-space",
    );
}

#[test]
fn code_that_was_not_signed_is_refused() {
    let mut rig = board();
    let bundle = update();
    rig.send_envelope(&bundle.envelope());
    let mut code = bundle.code.clone();
    code[2_000] ^= 0x10;
    assert_eq!(rig.send_code(&code, 0).refusal(), "digest-mismatch");
    let row = rig.row("thermometer");
    assert_eq!(
        (&*row.state, row.previous.as_deref()),
        ("failed", Some("5"))
    );
    still_runs(&mut rig);
    rig.deploy(&bundle);
}

#[test]
fn artifacts_that_do_not_load_are_refused_before_they_are_staged() {
    for (words, name) in [
        ("garbage", "incompatible"),
        ("needs:wasi:sockets/tcp@0.2.0", "not-granted"),
    ] {
        let mut rig = board();
        let answer = rig.install(&Bundle {
            code: script(words, 3_000),
            ..update()
        });
        assert_eq!(answer.refusal(), name);
        assert_eq!(rig.activate("thermometer").refusal(), "wrong-state");
        still_runs(&mut rig);
    }
    let mut rig = board();
    let answer = rig.install(&Bundle {
        code: script("needs:wasi:sockets/tcp@0.2.0", 3_000),
        ..update()
    });
    assert_eq!(
        answer.text("rsn").unwrap(),
        "not-granted: wasi:sockets/tcp@0.2.0"
    );
}

#[test]
fn requests_at_the_wrong_time_are_refused() {
    let mut rig = Small::new();
    assert_eq!(
        rig.send_envelope(&update().envelope()).refusal(),
        "not-enrolled"
    );
    let mut rig = board();
    assert_eq!(rig.activate("thermometer").refusal(), "wrong-state");
    assert_eq!(rig.confirm("thermometer", 6).refusal(), "wrong-state");
    assert_eq!(rig.send_block(&[0; 100], 0).refusal(), "wrong-state");
    assert_eq!(rig.activate("other").refusal(), "no-such-workload");
    assert_eq!(rig.remove("other").refusal(), "no-such-workload");
    rig.install(&update());
    rig.activate("thermometer");
    assert_eq!(
        rig.send_envelope(
            &Bundle {
                sequence: 7,
                ..update()
            }
            .envelope()
        )
        .refusal(),
        "busy"
    );
    assert_eq!(rig.send_envelope(&next().envelope()).refusal(), "busy");
}

#[test]
fn a_third_workload_finds_no_room() {
    let mut rig = board();
    rig.deploy(&Bundle {
        name: "blinky",
        ..update()
    });
    assert_eq!(
        rig.send_envelope(
            &Bundle {
                name: "hello",
                ..update()
            }
            .envelope()
        )
        .refusal(),
        "no-space"
    );
}

#[test]
fn requests_that_are_not_what_they_should_be_are_malformed() {
    let mut rig = board();
    for body in [
        &[0xa0][..],
        &[0x80],
        &[0xa1, 0x64],
        b"\xa1\x64name\x01",
        &[0xff],
    ] {
        for command in [
            command::PROVE,
            command::ENVELOPE,
            command::PAYLOAD,
            command::ACTIVATE,
            command::CONFIRM,
        ] {
            assert_eq!(
                rig.request(64, command, true, body).refusal(),
                "malformed",
                "{command} {body:x?}"
            );
        }
    }
    assert_eq!(rig.request(64, 200, true, &[0xa0]).number("rc"), Some(8));
    assert_eq!(rig.request(8, 0, true, &[0xa0]).number("rc"), Some(8));
    still_runs(&mut rig);
}

#[test]
fn flash_that_fails_is_said_so() {
    let mut rig = board();
    rig.nor
        .cut_at(rig.nor.operations(), nor_simulator::Cut::Before);
    assert_eq!(rig.send_envelope(&update().envelope()).refusal(), "flash");
}

#[test]
fn version_1_clients_get_version_1_errors() {
    let mut rig = Small::new();
    let answer = rig.request_version_1(64, command::ACTIVATE, b"\xa1\x64name\x61a");
    assert_eq!(
        (answer.number("rc"), answer.find("err").is_some()),
        (Some(19), false)
    );
}
