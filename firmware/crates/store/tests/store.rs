//! Records, identity and the memory of removed workloads, on flash without surprises; `petiole-host` tests the power cuts.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use petiole_store::{
    Candidate, Identity, Layout, MappedFlash, Outcome, Phase, Record, Release, Side, Store,
    StoreError, Written,
};
use petiole_trust::Anchor;

const BLOCK: usize = 4096;
const LAYOUT: Layout = Layout {
    settings: 0..0x2000,
    journal: 0x2000..0x4000,
    key_value: 0x4000..0x8000,
    workloads: 0x8000,
    count: 2,
    slot: 0x2000,
};

struct Ram(*mut u8);

const SIZE: usize = 0x1_0000;

impl Ram {
    fn new() -> Self {
        Self(Box::leak(vec![0xff; SIZE].into_boxed_slice()).as_mut_ptr())
    }

    fn slice(&mut self, offset: u32, length: usize) -> &mut [u8] {
        assert!(offset as usize + length <= SIZE);
        // SAFETY: inside the leaked memory, which only this handle changes.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(offset as usize), length) }
    }
}

impl ErrorType for Ram {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Ram {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.slice(offset, bytes.len()));
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Ram {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = BLOCK;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.slice(from, (to - from) as usize).fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let place = self.slice(offset, bytes.len());
        if place.iter().any(|byte| *byte != 0xff) {
            return Err(NorFlashErrorKind::Other);
        }
        place.copy_from_slice(bytes);
        Ok(())
    }
}

// SAFETY: the memory is leaked; only write and erase change it.
unsafe impl MappedFlash for Ram {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        // SAFETY: inside the leaked memory.
        unsafe { std::slice::from_raw_parts(self.0.add(offset as usize), length as usize) }
    }
}

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
fn values_are_kept_by_workload_bucket_and_key() {
    let mut store = store();
    let own = ("thermometer", "state");
    store.set_value(own.0, own.1, "a/b", b"1").unwrap();
    store.set_value(own.0, own.1, "a", &[7; 1024]).unwrap();
    store.set_value(own.0, own.1, "a", b"22").unwrap();
    store.set_value(own.0, "other", "a", b"333").unwrap();
    store.set_value("thermo", own.1, "a", b"4444").unwrap();
    assert_eq!(store.value(own.0, own.1, "a"), Some(&b"22"[..]));
    assert_eq!(store.value(own.0, own.1, "a/b"), Some(&b"1"[..]));
    assert_eq!(store.value(own.0, own.1, "b"), None);
    let mut keys: Vec<_> = store.value_keys(own.0, own.1).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "a/b"]);
    assert_eq!(store.value_bytes(own.0, own.1), 3 + 1 + 1 + 2);
    store.delete_value(own.0, own.1, "a").unwrap();
    store.delete_value(own.0, own.1, "a").unwrap();
    assert_eq!(store.value(own.0, own.1, "a"), None);
    store
        .retain_values(|workload| workload == "thermo")
        .unwrap();
    assert_eq!(
        store.value_bytes(own.0, own.1) + store.value_bytes(own.0, "other"),
        0
    );
    assert_eq!(store.value("thermo", own.1, "a"), Some(&b"4444"[..]));
    let long = "k".repeat(65);
    assert_eq!(store.set_value("w", "b", &long, b""), Err(StoreError::Full));
    assert_eq!(
        store.set_value("w", "b", "k", &[0; 1025]),
        Err(StoreError::Full)
    );
}

/// Random writes and deletes, through many turns of the ring and with a new start now and then, against a plain map.
#[test]
fn values_hold_through_turns_and_starts() {
    let ram = Ram::new();
    let (memory, mut seed) = (ram.0, 1u64);
    let mut store = Store::new(ram, LAYOUT).unwrap();
    let mut known = std::collections::BTreeMap::new();
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for round in 0..5_000 {
        let key = format!("key-{}", next(30));
        if next(4) == 0 {
            store.delete_value("w", "b", &key).unwrap();
            known.remove(&key);
        } else {
            let value = vec![next(256) as u8; next(150)];
            store.set_value("w", "b", &key, &value).unwrap();
            known.insert(key, value);
        }
        if round % 97 == 0 {
            store = Store::new(Ram(memory), LAYOUT).unwrap();
            assert_eq!(store.value_keys("w", "b").count(), known.len());
        }
        for (key, value) in &known {
            assert_eq!(
                store.value("w", "b", key),
                Some(&value[..]),
                "round {round}"
            );
        }
    }
}

#[test]
fn a_full_store_of_values_can_still_delete() {
    let mut store = store();
    let mut count = 0;
    while store
        .set_value("w", "b", &count.to_string(), &[1; 500])
        .is_ok()
    {
        count += 1;
    }
    assert!(count > 10, "{count}");
    for number in 0..count {
        store.delete_value("w", "b", &number.to_string()).unwrap();
    }
    assert_eq!(store.value_bytes("w", "b"), 0);
    store.set_value("w", "b", "again", &[1; 500]).unwrap();
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

/// A value that was damaged in flash is gone, and does not come back when its block is tidied up.
#[test]
fn damaged_values_are_not_given_out() {
    let ram = Ram::new();
    let memory = ram.0;
    let mut store = Store::new(ram, LAYOUT).unwrap();
    store.set_value("w", "b", "damaged", &[0x55; 40]).unwrap();
    store.set_value("w", "b", "whole", &[0x66; 40]).unwrap();
    let mut ram = Ram(memory);
    let region = ram.slice(LAYOUT.key_value.start, 0x1000);
    let place = region.windows(40).position(|bytes| bytes == [0x55; 40]);
    region[place.unwrap() + 3] ^= 4;
    for round in 0..2_000u32 {
        assert_eq!(store.value("w", "b", "damaged"), None);
        assert_eq!(store.value("w", "b", "whole"), Some(&[0x66; 40][..]));
        store
            .set_value("w", "b", "other", &round.to_le_bytes())
            .unwrap();
    }
    store.set_value("w", "b", "damaged", b"new").unwrap();
    assert_eq!(store.value("w", "b", "damaged"), Some(&b"new"[..]));
}

#[test]
fn there_are_at_most_256_keys() {
    let mut store = store();
    let key = |number: usize| number.to_string();
    for number in 0..256 {
        store.set_value("w", "b", &key(number), b"").unwrap();
    }
    assert_eq!(
        store.set_value("w", "b", "more", b""),
        Err(StoreError::Full)
    );
    store.set_value("w", "b", &key(7), b"changed").unwrap();
    store.delete_value("w", "b", &key(8)).unwrap();
    store.set_value("w", "b", "more", b"").unwrap();
}
