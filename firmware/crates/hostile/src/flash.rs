//! Bytes found in flash.

use petiole_store::{Identity, Layout, Record, Side, Store};

use crate::image;
use crate::ram::{BLOCK, Ram, SIZE};

const LAYOUT: Layout = Layout {
    settings: 0..2 * BLOCK as u32,
    journal: 2 * BLOCK as u32..6 * BLOCK as u32,
    key_value: 6 * BLOCK as u32..10 * BLOCK as u32,
    workloads: 10 * BLOCK as u32,
    count: 1,
    slot: 5 * BLOCK as u32,
};

/// Records and identities: what can be read can be kept and read again.
pub fn records(data: &[u8]) {
    let _ = Identity::decode(data);
    if let Ok(record) = Record::decode(data)
        && let Ok(mut store) = Store::new(Ram::new(&[]), LAYOUT)
        && store.set_record(0, &record).is_ok()
    {
        let again = store.record(0).expect("what was kept can be read");
        let again = again.expect("there is a record");
        assert_eq!((&again.name, again.next), (&record.name, record.next));
    }
}

/// A flash that holds anything, as [`image::build`] makes it: the store opens, all of it can be read, and what is written then is there after the next start.
pub fn blocks(data: &[u8]) {
    assert!(LAYOUT.workloads as usize + 2 * LAYOUT.slot as usize <= SIZE);
    let mut store = Store::new(Ram::new(&image::build(data)), LAYOUT).expect("the layout fits");
    let _ = (
        store.identity(),
        store.record(0),
        store.removed("a"),
        store.crashes(),
    );
    let _ = (
        store.found_envelope(0, Side::A),
        store.value_bytes("w", "b"),
    );
    let kept = store.set_value("w", "b", "key", b"value");
    let crash = store.add_crash(b"crash");
    let boot = match store.count_boot() {
        Ok(boot) => boot.number,
        Err(_) => {
            store.reset_journal().expect("flash works");
            store
                .count_boot()
                .expect("an empty journal has room")
                .number
        }
    };
    drop(store);
    let mut store = Store::new(Ram::again(), LAYOUT).expect("the layout fits");
    if kept.is_ok() {
        assert_eq!(store.value("w", "b", "key"), Some(&b"value"[..]));
    }
    if crash.is_ok() && boot != 1 {
        assert!(store.crashes().iter().any(|(_, record)| record == b"crash"));
    }
    assert_eq!(
        store.count_boot().map(|boot| boot.number),
        Ok(boot.wrapping_add(1))
    );
}
