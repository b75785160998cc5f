//! Values of guests.

use petiole_store::{Store, StoreError};

use crate::ram::Ram;
use crate::{LAYOUT, store};

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
