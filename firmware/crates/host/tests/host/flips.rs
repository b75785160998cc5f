//! Bits flip in flash between what the board checks and what it does next: at each byte of envelope, code, journal and settings.
//!
//! The loader only ever gets bytes whose digest was signed; what is damaged is refused and the other release runs, or nothing.
//! What remains: bits that flip under a guest that runs are found at the next start, not before.

use std::collections::BTreeSet;
use std::ops::Range;

use nor_simulator::Snapshot;
use petiole_store::MappedFlash as _;
use petiole_trust::sha256;

use crate::support::{Bundle, Rig, SMALL_BLOCKS, script};

const NAME: &str = "thermometer";

type Board = Rig<SMALL_BLOCKS>;

fn release(sequence: u64, version: &'static str, words: &str) -> Bundle {
    Bundle {
        interval_ms: 100,
        calls: 1,
        ..Bundle::new(sequence, version, script(words, 301))
    }
}

fn old() -> Bundle {
    release(1, "old", "fine")
}

fn new() -> Bundle {
    release(2, "new", "fine new")
}

/// A board whose second slot holds the new release in some state, and where the first one runs.
fn board(bring: fn(&mut Board)) -> (Board, Snapshot) {
    let mut rig = Board::enrolled();
    rig.deploy(&old());
    rig.install(&new());
    bring(&mut rig);
    let snapshot = rig.nor.snapshot();
    (rig, snapshot)
}

/// Where the new release's envelope and code lie.
fn candidate(rig: &Board) -> [Range<usize>; 2] {
    let start = (rig.layout.workloads + rig.layout.slot) as usize;
    let envelope = new().envelope().len();
    let code = start + envelope.next_multiple_of(32);
    [start..start + envelope, code..code + new().code.len()]
}

/// Everything that is loaded was signed.
fn only_signed_code_runs(rig: &Board, at: usize) -> usize {
    let signed: BTreeSet<_> = [old(), new()].map(|bundle| sha256(&[&bundle.code])).into();
    let start = rig.nor.mapped(0, 1).as_ptr() as usize;
    let pinned = rig.nor.pinned();
    for (low, high) in pinned.borrow().iter() {
        let code = rig.nor.mapped((low - start) as u32, (high - low) as u32);
        assert!(signed.contains(&sha256(&[code])), "after a flip at {at:#x}");
    }
    pinned.borrow().len()
}

fn old_runs(rig: &mut Board, at: usize) {
    rig.pass(250);
    let row = rig.row(NAME);
    assert_eq!(
        row.previous.as_deref(),
        Some("old"),
        "after a flip at {at:#x}: {row:?}"
    );
    assert!(row.calls > 0, "after a flip at {at:#x}: {row:?}");
    assert_eq!(only_signed_code_runs(rig, at), 1);
}

const fn mask(at: usize) -> u8 {
    1 << (at % 8)
}

#[test]
fn between_verification_and_activation() {
    let (mut rig, staged) = board(|_| {});
    for at in candidate(&rig).into_iter().flatten() {
        rig.nor.restore(&staged);
        rig.boot();
        assert_eq!(rig.row(NAME).state, "staged");
        rig.nor.damage(at, mask(at));
        let answer = rig.activate(NAME);
        assert!(
            !answer.refusal().is_empty(),
            "a flip at {at:#x} was taken: {answer:?}"
        );
        assert_eq!(rig.row(NAME).state, "rolled-back");
        old_runs(&mut rig, at);
    }
}

#[test]
fn between_activation_and_the_next_start() {
    let (mut rig, probation) = board(|rig| drop(rig.activate(NAME)));
    for at in candidate(&rig).into_iter().flatten() {
        rig.nor.restore(&probation);
        rig.nor.damage(at, mask(at));
        rig.boot();
        assert_eq!(rig.row(NAME).state, "rolled-back");
        old_runs(&mut rig, at);
    }
}

#[test]
fn between_confirmation_and_the_next_start() {
    let (mut rig, confirmed) = board(|rig| {
        rig.activate(NAME);
        rig.confirm(NAME, 2);
        rig.pass(250);
        assert_eq!(rig.row(NAME).state, "confirmed");
    });
    let next = release(3, "next", "fine");
    for at in candidate(&rig).into_iter().flatten() {
        rig.nor.restore(&confirmed);
        rig.nor.damage(at, mask(at));
        rig.boot();
        rig.pass(250);
        let row = rig.row(NAME);
        assert_eq!(row.calls, 0, "after a flip at {at:#x}: {row:?}");
        assert!(!row.reason.is_empty());
        assert_eq!(only_signed_code_runs(&rig, at), 0);
        if at % 16 == 0 {
            rig.deploy(&next);
        }
    }
}

/// The used bytes of a region.
fn used(rig: &Board, region: &Range<u32>) -> Vec<usize> {
    let bytes = rig.nor.mapped(region.start, region.end - region.start);
    let used = bytes.iter().enumerate().filter(|(_, byte)| **byte != 0xff);
    used.map(|(at, _)| region.start as usize + at).collect()
}

#[test]
fn in_the_journal() {
    let next = release(3, "next", "fine");
    let states: [fn(&mut Board); 2] = [|_| {}, |rig| drop(rig.activate(NAME))];
    for bring in states {
        let (mut rig, snapshot) = board(bring);
        for at in used(&rig, &rig.layout.journal.clone()) {
            rig.nor.restore(&snapshot);
            rig.nor.damage(at, mask(at));
            rig.boot();
            assert!(rig.is_up());
            only_signed_code_runs(&rig, at);
            rig.pass(250);
            only_signed_code_runs(&rig, at);
            if at % 16 == 0 {
                rig.activate(NAME);
                rig.pass(40_000);
                rig.deploy(&next);
            }
        }
    }
}

/// Without its identity a board trusts nobody and starts nothing.
#[test]
fn in_the_settings() {
    let (mut rig, snapshot) = board(|_| {});
    for at in used(&rig, &rig.layout.settings.clone()) {
        rig.nor.restore(&snapshot);
        rig.nor.damage(at, mask(at));
        rig.boot();
        assert!(rig.is_up());
        rig.pass(250);
        only_signed_code_runs(&rig, at);
        let answer = rig.send_envelope(&release(3, "3", "fine").envelope());
        let refusal = answer.refusal();
        assert!(
            refusal == "not-enrolled" || answer.number("next").is_some(),
            "after a flip at {at:#x}: {answer:?}"
        );
    }
}
