//! Records, identity and the memory of removed workloads, on flash without surprises; `petiole-host` tests the power cuts.

mod ram;
mod values;

use petiole_store::{
    Candidate, Identity, Layout, Outcome, Phase, Record, Release, Side, Store, StoreError, Written,
};
use petiole_trust::Anchor;

use ram::Ram;

const BLOCK: usize = 4096;
const LAYOUT: Layout = Layout {
    settings: 0..0x2000,
    journal: 0x2000..0x4000,
    key_value: 0x4000..0x8000,
    workloads: 0x8000,
    count: 2,
    slot: 0x2000,
};

fn store() -> Store<Ram> {
    Store::new(Ram::new(), LAYOUT).unwrap()
}

fn record(name: &str) -> Record {
    Record {
        name: name.into(),
        accepted: (7, [7; 32]),
        running: None,
        next: None,
        outcome: None,
        stopped: Some("trap".into()),
    }
}

const RELEASE: Release = Release {
    side: Side::B,
    envelope: 500,
    code: 3_001,
};

/// Counts a start: its number, and the failed ones before it.
fn boots(store: &mut Store<Ram>) -> (u32, u8) {
    let boot = store.count_boot().unwrap();
    (boot.number, boot.failures)
}

#[test]
fn records_come_back_in_every_phase() {
    let mut store = store();
    assert_eq!(store.record(0), Ok(None));
    for phase in [
        Phase::Erasing(0),
        Phase::Erasing(4096),
        Phase::Downloading,
        Phase::Staged,
        Phase::Probation(2),
    ] {
        let record = Record {
            next: Some(Candidate {
                release: RELEASE,
                phase,
            }),
            ..record("thermometer")
        };
        store.set_record(0, &record).unwrap();
        assert_eq!(store.record(0), Ok(Some(record)));
    }
    let outcome = Outcome {
        version: "9".into(),
        sequence: 9,
        release: [9; 32],
        rolled_back: true,
        reason: "x".into(),
    };
    let record = Record {
        running: Some(RELEASE),
        outcome: Some(outcome),
        ..record("thermometer")
    };
    store.set_record(1, &record).unwrap();
    assert_eq!(store.record(1), Ok(Some(record)));
}

#[test]
fn the_largest_record_fits_and_long_reasons_are_cut() {
    let mut store = store();
    let outcome = Outcome {
        version: "v".repeat(32),
        sequence: u64::MAX,
        release: [9; 32],
        rolled_back: false,
        reason: "\u{e4}".repeat(200),
    };
    let next = Some(Candidate {
        release: RELEASE,
        phase: Phase::Erasing(u32::MAX),
    });
    let record = Record {
        running: Some(RELEASE),
        next,
        outcome: Some(outcome),
        ..record(&"n".repeat(32))
    };
    store.set_record(0, &record).unwrap();
    let found = store.record(0).unwrap().unwrap().outcome.unwrap().reason;
    assert_eq!(found, "\u{e4}".repeat(64));
}

#[test]
fn removed_workloads_are_remembered_by_their_sequence() {
    let mut store = store();
    store.set_record(0, &record("thermometer")).unwrap();
    store.remove(0, &record("thermometer")).unwrap();
    assert_eq!(store.record(0), Ok(None));
    assert_eq!(store.removed("thermometer"), Ok(Some((7, [7; 32]))));
    let again = Record {
        accepted: (8, [8; 32]),
        ..record("thermometer")
    };
    store.remove(0, &again).unwrap();
    assert_eq!(store.removed("thermometer"), Ok(Some((8, [8; 32]))));
    for number in 0..8 {
        store
            .remove(0, &record(&format!("other-{number}")))
            .unwrap();
    }
    assert_eq!(
        store.removed("thermometer"),
        Ok(None),
        "eight are remembered"
    );
    assert!(store.removed("other-0").unwrap().is_some());
}

#[test]
fn boots_are_counted_and_identity_survives_a_journal_reset() {
    let mut store = store();
    let identity = Identity {
        device: "a".into(),
        site: "b".into(),
        seed: [1; 32],
        anchors: vec![Anchor::P256([2; 33]); 8],
        rotation: u64::MAX,
    };
    store.set_identity(&identity).unwrap();
    assert_eq!(boots(&mut store), (1, 0));
    assert_eq!(boots(&mut store), (2, 1));
    store.forgive_boots().unwrap();
    assert_eq!(boots(&mut store), (3, 0));
    store.reset_journal().unwrap();
    assert_eq!(boots(&mut store), (1, 0));
    assert!(store.identity().unwrap().unwrap() == identity);
}

#[test]
fn a_journal_wears_evenly_without_end() {
    let mut store = store();
    for boot in 1..=1_000 {
        assert_eq!(store.count_boot().unwrap().number, boot);
    }
}

#[test]
fn layouts_that_do_not_fit_are_refused() {
    for layout in [
        Layout {
            settings: 0..100,
            ..LAYOUT
        },
        Layout { count: 3, ..LAYOUT },
        Layout {
            workloads: 0x8001,
            ..LAYOUT
        },
        Layout {
            slot: u32::MAX,
            ..LAYOUT
        },
        Layout {
            slot: 0x1001,
            ..LAYOUT
        },
        Layout {
            journal: 0x2000..0x10_0000,
            ..LAYOUT
        },
        Layout {
            journal: 0x2000..0x3000,
            ..LAYOUT
        },
    ] {
        assert_eq!(
            Store::new(Ram::new(), layout).err(),
            Some(StoreError::Layout)
        );
    }
}

#[test]
fn code_is_written_in_words_compared_and_found_again() {
    let mut store = store();
    let code: Vec<u8> = (0..RELEASE.code).map(|at| (at % 251) as u8).collect();
    assert_eq!(Store::<Ram>::writable(&RELEASE, 0, 1_001), 1_000);
    assert_eq!(Store::<Ram>::writable(&RELEASE, 3_000, 1), 1);
    store.write_envelope(1, &RELEASE, &[0x55; 500]).unwrap();
    assert_eq!(store.envelope(1, &RELEASE), [0x55; 500]);
    assert_eq!(store.resume_offset(1, &RELEASE), 0);
    assert_eq!(
        store.write_code(1, &RELEASE, 0, &code[..2_800]),
        Ok(Written::All)
    );
    assert_eq!(
        store.resume_offset(1, &RELEASE),
        2_544,
        "the last write is in doubt"
    );
    assert_eq!(
        store.write_code(1, &RELEASE, 2_544, &code[2_544..]),
        Ok(Written::All)
    );
    assert_eq!(store.code(1, &RELEASE), code);
    assert_eq!(
        store.write_code(1, &RELEASE, 400, &[1; 8]),
        Ok(Written::Conflict(512 + 400))
    );
    assert_eq!(Store::<Ram>::mend_from(&RELEASE, 912), (0, 0));
    assert!(store.fits(500, 7_680) && !store.fits(500, 7_681) && !store.fits(500, u32::MAX));
}

#[test]
fn eight_crash_records_are_kept_until_they_were_heard_of() {
    let mut store = store();
    for number in 0..11 {
        assert_eq!(store.add_crash(&[number as u8; 100]), Ok(number));
    }
    let kept = |store: &Store<Ram>| {
        store
            .crashes()
            .iter()
            .map(|(number, _)| *number)
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&store), (3..11).collect::<Vec<_>>());
    assert_eq!(store.crashes()[0].1, [3; 100]);
    store.forget_crash(3).unwrap();
    store.forget_crash(2).unwrap();
    assert_eq!(kept(&store), (4..11).collect::<Vec<_>>());
    assert_eq!(store.add_crash(&[]), Ok(11));
}

#[test]
fn an_envelope_in_a_slot_is_found_without_the_journal() {
    let mut store = store();
    assert_eq!(store.found_envelope(0, Side::B), None);
    let envelope = [&b"\xd8\x6b\xa1\x02\x59\x01\xee"[..], &[7; 494]].concat();
    let release = Release {
        envelope: envelope.len() as u32,
        ..RELEASE
    };
    store.write_envelope(0, &release, &envelope).unwrap();
    store.write_code(0, &release, 0, &[9; 64]).unwrap();
    assert_eq!(store.found_envelope(0, Side::B), Some(&envelope[..]));
}
