//! Updates by patches: when they are taken, and what a bad one leaves.

use crate::support::{Bundle, Rig, SMALL_BLOCKS, patch, script};

fn release(sequence: u64, version: &'static str, words: &str) -> Bundle {
    Bundle::new(sequence, version, script(words, 5_000))
}

/// A board that runs one release and expects the code of another, and the patch between them.
fn board() -> (Rig<SMALL_BLOCKS>, Bundle, Vec<u8>) {
    let mut rig = Rig::enrolled();
    let (old, new) = (release(1, "1", "fine"), release(2, "2", "fine indeed"));
    rig.deploy(&old);
    rig.send_envelope(&new.envelope());
    let patch = patch::make(&old.code, &new.code);
    (rig, new, patch)
}

#[test]
fn a_patch_makes_the_code_of_the_next_release() {
    let (mut rig, new, patch) = board();
    assert_eq!(
        rig.send_patch(&patch).text("state").as_deref(),
        Some("staged")
    );
    rig.activate("thermometer");
    rig.confirm("thermometer", new.sequence);
    rig.pass(new.trial_ms());
    let row = rig.row("thermometer");
    assert_eq!((&*row.version, &*row.state), ("2", "confirmed"));
}

#[test]
fn a_patch_against_other_code_is_refused_and_the_code_taken() {
    let (mut rig, new, _) = board();
    let other = patch::make(&release(1, "1", "other").code, &new.code);
    assert_eq!(rig.send_patch(&other).refusal(), "wrong-state");
    rig.deploy(&new);
}

#[test]
fn a_damaged_patch_costs_nothing_but_itself() {
    for at in [90, 100, 2_000, 4_000] {
        let (mut rig, new, mut patch) = board();
        patch[at] ^= 0x40;
        let answer = rig.send_patch(&patch);
        assert!(
            ["malformed", "digest-mismatch"].contains(&&*answer.refusal()),
            "{answer:?}"
        );
        rig.deploy(&new);
    }
}

#[test]
fn code_that_comes_in_between_ends_a_patch() {
    let (mut rig, new, patch) = board();
    rig.send_patch_piece(&patch, 0, 1_000);
    rig.send_patch_piece(&patch, 1_000, 2_000);
    assert_eq!(rig.send_block(&new.code, 0).number("off"), Some(1_536));
    let next = rig.send_block(&new.code, 1_536).number("off").unwrap();
    assert_eq!(
        rig.send_patch_piece(&patch, 2_000, 2_500).number("off"),
        Some(0)
    );
    assert_eq!(
        rig.send_code(&new.code, next).text("state").as_deref(),
        Some("staged")
    );
}

#[test]
fn a_patch_begins_anew_after_a_reset_and_writes_nothing_twice() {
    let (mut rig, _, patch) = board();
    rig.send_patch_piece(&patch, 0, 1_000);
    rig.send_patch_piece(&patch, 1_000, 2_500);
    rig.boot();
    assert_eq!(
        rig.send_patch_piece(&patch, 2_500, 3_000).number("off"),
        Some(0)
    );
    let before = rig.nor.operations();
    rig.send_patch_piece(&patch, 0, 2_000);
    assert_eq!(rig.nor.operations(), before);
    assert_eq!(
        rig.send_patch(&patch).text("state").as_deref(),
        Some("staged")
    );
}
