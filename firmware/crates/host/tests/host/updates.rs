//! Code that is on the board already is not sent again.

use crate::support::{Bundle, Part, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

fn first() -> Bundle {
    Bundle::new(1, "1.0.0", script("fine", 9_001))
}

#[test]
fn a_change_of_configuration_sends_no_code() {
    let mut rig = Small::enrolled();
    rig.deploy(&first());
    let update = Bundle {
        sequence: 2,
        version: "2.0.0",
        interval_ms: 500,
        ..first()
    };
    let envelope = update.envelope();
    assert!(envelope.len() < 2_000, "{}", envelope.len());
    let answer = rig.send_envelope(&envelope);
    assert_eq!(answer.text("state").as_deref(), Some("staged"));
    assert_eq!(answer.number("next"), answer.number("size"));
    rig.deploy(&update);
    rig.boot();
    rig.pass(1_100);
    assert_eq!(rig.row("thermometer").calls, 2);
}

#[test]
fn the_code_of_another_workload_is_copied() {
    let mut rig = Small::enrolled();
    rig.deploy(&first());
    let other = Bundle {
        name: "other",
        ..first()
    };
    let answer = rig.send_envelope(&other.envelope());
    assert_eq!(answer.text("state").as_deref(), Some("staged"));
    rig.remove("thermometer");
    rig.deploy(&other);
}

#[test]
fn the_code_of_a_release_that_was_taken_back_is_copied() {
    let mut rig = Small::enrolled();
    rig.deploy(&first());
    rig.deploy(&Bundle::new(2, "2.0.0", script("other", 9_001)));
    let other = Bundle {
        name: "other",
        ..first()
    };
    let answer = rig.send_envelope(&other.envelope());
    assert_eq!(answer.text("state").as_deref(), Some("staged"));
}

fn two(sequence: u64, main: &str, second: &str) -> Bundle {
    Bundle {
        more: vec![Part {
            name: "second",
            code: script(second, 5_003),
            grants: Vec::new(),
            limits: Vec::new(),
            triggers: Vec::new(),
        }],
        ..Bundle::new(sequence, "1.0.0", script(main, 3_001))
    }
}

#[test]
fn of_several_codes_only_the_new_one_is_sent() {
    let mut rig = Small::enrolled();
    rig.deploy(&two(1, "fine one", "fine two"));
    let update = two(2, "fine one", "fine three");
    let answer = rig.send_envelope(&update.envelope());
    assert_eq!(answer.number("next"), Some(3_008), "behind the first code");
    rig.deploy(&update);
    let update = two(3, "fine four", "fine three");
    assert_eq!(
        rig.send_envelope(&update.envelope()).number("next"),
        Some(0)
    );
    let code = update.joined();
    let mut offset = 0;
    while offset < 3_008 {
        let answer = rig.send_block(&code[..3_008], offset);
        offset = answer.number("off").unwrap();
        if answer.text("state").is_some() {
            assert_eq!(offset, code.len() as u64, "the second one was copied");
            break;
        }
    }
    assert_eq!(rig.row("thermometer").state, "staged");
    rig.deploy(&update);
}

#[test]
fn damaged_code_is_not_copied() {
    let mut rig = Small::enrolled();
    rig.deploy(&first());
    rig.nor.damage(rig.layout.workloads as usize + 5_000, 1);
    let other = Bundle {
        name: "other",
        ..first()
    };
    let answer = rig.send_envelope(&other.envelope());
    assert_eq!(
        (answer.text("state").as_deref(), answer.number("next")),
        (Some("downloading"), Some(0))
    );
    rig.deploy(&other);
}
