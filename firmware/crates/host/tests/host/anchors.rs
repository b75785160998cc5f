//! Rotation of trust anchors.

use petiole_trust::key_id;

use crate::support::bundle::{TRUSTED, public, sign};
use crate::support::{Bundle, Rig, SMALL_BLOCKS, command, script};

type Small = Rig<SMALL_BLOCKS>;

const NEW: [u8; 32] = [9; 32];

/// Rotates to these keys by a message that the key `by` signed; the refusal, empty for none.
fn rotate(rig: &mut Small, by: &[u8; 32], sequence: u64, keys: &[[u8; 32]]) -> String {
    let message = sign(by, true, |out| {
        out.map(3).unsigned(0).text("petiole-anchors-1");
        out.unsigned(1)
            .unsigned(sequence)
            .unsigned(2)
            .array(keys.len());
        keys.iter().for_each(|key| _ = out.bytes(&public(key)));
    });
    let answer = rig.write(command::ANCHORS, |out| {
        _ = out.map(1).text("msg").bytes(&message);
    });
    if let Some(mut list) = answer.find("anchors") {
        assert_eq!(list.array(), Ok(keys.len()));
        for key in keys {
            assert_eq!(list.array_of(), Ok(&key_id(&public(key))));
        }
    }
    answer.refusal()
}

fn release(sequence: u64, seed: [u8; 32]) -> Bundle {
    Bundle {
        seed,
        ..Bundle::new(sequence, "1.0.0", script("fine", 600))
    }
}

#[test]
fn releases_of_new_anchors_are_taken_and_of_old_ones_refused() {
    let mut rig = Small::enrolled();
    rig.deploy(&release(1, TRUSTED));
    let update = release(2, NEW);
    assert_eq!(
        rig.send_envelope(&update.envelope()).refusal(),
        "unknown-key"
    );
    assert_eq!(rotate(&mut rig, &TRUSTED, 1, &[TRUSTED, NEW]), "");
    rig.boot();
    rig.deploy(&update);
    assert_eq!(rotate(&mut rig, &NEW, 2, &[NEW]), "");
    let late = release(3, TRUSTED);
    assert_eq!(rig.send_envelope(&late.envelope()).refusal(), "unknown-key");
    rig.boot();
    rig.pass(1_100);
    assert_eq!(rig.row("thermometer").calls, 1);
}

#[test]
fn a_rotation_needs_an_anchor_of_now_and_a_higher_number() {
    let mut rig = Small::new();
    assert_eq!(rotate(&mut rig, &TRUSTED, 1, &[NEW]), "not-enrolled");
    let mut rig = Small::enrolled();
    assert_eq!(rotate(&mut rig, &NEW, 1, &[NEW]), "unknown-key");
    assert_eq!(rotate(&mut rig, &TRUSTED, 0, &[NEW]), "old-sequence");
    assert_eq!(rotate(&mut rig, &TRUSTED, 5, &[TRUSTED, NEW]), "");
    assert_eq!(rotate(&mut rig, &TRUSTED, 5, &[NEW]), "old-sequence");
    assert_eq!(rotate(&mut rig, &NEW, 6, &[]), "malformed");
    rig.boot();
    assert_eq!(rotate(&mut rig, &NEW, 5, &[NEW]), "old-sequence");
}
