//! The plug is pulled at every flash operation of the logs: settings with a rotation, journal turns, crash records, values.
//!
//! After each cut the store opens, holds for every key what it held before the operation or after it, and goes on.

use std::collections::BTreeMap;

use nor_simulator::{Cut, Dice, Nor};
use petiole_store::{Identity, Layout, Record, Store};
use petiole_trust::Anchor;

/// Ways in which an operation is cut, besides that it does not begin: two, or as many as `POWER_WAYS` says (`make power`).
fn ways() -> u64 {
    std::env::var("POWER_WAYS").map_or(2, |text| text.parse().expect("POWER_WAYS is a number"))
}

fn layout(block: u32, blocks: u32) -> Layout {
    Layout {
        settings: 0..2 * block,
        journal: 2 * block..(2 + blocks) * block,
        key_value: (2 + blocks) * block..(2 + 2 * blocks) * block,
        workloads: (2 + 2 * blocks) * block,
        count: 0,
        slot: block,
    }
}

fn identity(rotation: u64) -> Identity {
    Identity {
        device: "desk".into(),
        site: "lab".into(),
        seed: [7; 32],
        anchors: vec![Anchor::Ed25519([rotation as u8; 32]); 1 + rotation as usize % 8],
        rotation,
    }
}

fn record(name: &str, number: u64) -> Record {
    Record {
        name: name.into(),
        accepted: (number, [number as u8; 32]),
        running: None,
        next: None,
        outcome: None,
        stopped: None,
    }
}

/// One thing that is asked of a store.
#[derive(Debug, Clone)]
enum Step {
    Rotate(u64),
    Boot,
    Forgive,
    Keep(u8, u64),
    Remove(u8, u64),
    Crash(u8),
    Set(String, Vec<u8>),
    Delete(String),
}

/// Everything that a store holds, as text by name.
type Content = BTreeMap<String, String>;

fn content<const ERASE: usize, const WORD: usize>(store: &Store<Nor<ERASE, WORD>>) -> Content {
    let mut content = Content::new();
    let identity = store.identity().unwrap();
    content.insert(
        "rotation".into(),
        format!("{:?}", identity.map(|one| (one.rotation, one.anchors))),
    );
    for index in 0..3 {
        content.insert(
            format!("record {index}"),
            format!("{:?}", store.record(index).unwrap()),
        );
        let name = format!("workload-{index}");
        content.insert(
            format!("removed {name}"),
            format!("{:?}", store.removed(&name).unwrap()),
        );
    }
    content.insert("crashes".into(), format!("{:?}", store.crashes()));
    for bucket in ["one", "two"] {
        for key in store.value_keys("w", bucket) {
            let value = store.value("w", bucket, key).unwrap();
            content.insert(format!("value {bucket}/{key}"), format!("{value:?}"));
        }
    }
    content
}

fn take<const ERASE: usize, const WORD: usize>(
    store: &mut Store<Nor<ERASE, WORD>>,
    step: &Step,
) -> Result<(), petiole_store::StoreError> {
    match step {
        Step::Rotate(number) => store.set_identity(&identity(*number)),
        Step::Boot => store.count_boot().map(drop),
        Step::Forgive => store.forgive_boots(),
        Step::Keep(index, number) => {
            store.set_record(*index, &record(&format!("workload-{index}"), *number))
        }
        Step::Remove(index, number) => {
            store.remove(*index, &record(&format!("workload-{index}"), *number))
        }
        Step::Crash(byte) => store.add_crash(&[*byte; 90]).map(drop),
        Step::Set(key, value) => store.set_value("w", &key[..3], &key[4..], value),
        Step::Delete(key) => store.delete_value("w", &key[..3], &key[4..]),
    }
}

fn steps(count: usize, dice: &mut Dice, largest: usize) -> Vec<Step> {
    let mut number = 0;
    (0..count)
        .map(|_| {
            number += 1;
            let index = dice.below(3) as u8;
            let key = format!("{}/key-{}", ["one", "two"][dice.below(2)], dice.below(6));
            match dice.below(16) {
                0 => Step::Rotate(number),
                1 => Step::Boot,
                2 => Step::Forgive,
                3..6 => Step::Keep(index, number),
                6 => Step::Remove(index, number),
                7 => Step::Crash(number as u8),
                8 | 9 => Step::Delete(key),
                _ => Step::Set(key, vec![number as u8; dice.below(largest)]),
            }
        })
        .collect()
}

/// An erased chip whose logs of journal and values have this many blocks.
fn chip<const ERASE: usize, const WORD: usize>(blocks: u32) -> (Nor<ERASE, WORD>, Layout) {
    let layout = layout(ERASE as u32, blocks);
    (Nor::new(layout.workloads as usize), layout)
}

/// Runs all steps, cutting each of their operations in every way; returns how many cuts that were.
fn survives<const ERASE: usize, const WORD: usize>(
    (nor, layout): (Nor<ERASE, WORD>, Layout),
    steps: &[Step],
) -> u32 {
    let mut cuts = 0;
    let mut seed = 0;
    for step in steps {
        let before = nor.snapshot();
        let open =
            || Store::new(nor.clone(), layout.clone()).expect("a store opens after each cut");
        let mut store = open();
        let (old, first) = (content(&store), nor.operations());
        take(&mut store, step).expect("there is room");
        let (new, operations) = (content(&store), nor.operations() - first);
        assert_eq!(content(&open()), new, "after {step:?}");
        let after = nor.snapshot();
        for operation in 0..operations {
            for way in 0..=ways() {
                seed += 1;
                nor.restore(&before);
                let mut store = open();
                let cut = if way == 0 {
                    Cut::Before
                } else {
                    Cut::Within(seed)
                };
                nor.cut_at(nor.operations() + operation, cut);
                take(&mut store, step).expect_err("the power was cut");
                cuts += 1;
                nor.revive();
                // The power may go again while the board recovers.
                let mut store = open();
                let found = content(&store);
                check(&found, &old, &new, step);
                nor.cut_at(nor.operations() + operation % 3, Cut::Within(seed));
                if take(&mut store, step).is_err() {
                    cuts += 1;
                    nor.revive();
                    check(&content(&open()), &old, &new, step);
                }
                nor.revive();
                let mut store = open();
                take(&mut store, step).expect("there is room still");
                let last = content(&open());
                if !matches!(step, Step::Boot | Step::Crash(_)) {
                    assert_eq!(last, new, "after {step:?}");
                }
            }
        }
        nor.restore(&after);
    }
    cuts
}

/// Every part of the content is the old one or the new one; crash records may be more, for a step that was taken again.
fn check(found: &Content, old: &Content, new: &Content, step: &Step) {
    for (name, value) in found {
        let fits = old.get(name) == Some(value) || new.get(name) == Some(value);
        let again = matches!(step, Step::Crash(_)) && name == "crashes";
        assert!(fits || again, "{name} is {value} after {step:?}");
    }
    for name in old.keys().filter(|name| new.contains_key(*name)) {
        assert!(found.contains_key(name), "{name} is lost after {step:?}");
    }
}

#[test]
fn small_blocks() {
    let cuts = survives(chip::<4096, 4>(2), &steps(120, &mut Dice::new(1), 200));
    let more = survives(chip::<4096, 4>(4), &steps(120, &mut Dice::new(2), 700));
    println!("qemu-an505, ESP32: {cuts} + {more} cuts");
    assert!(cuts > 700 && more > 700);
}

#[test]
fn pages_of_256_bytes() {
    let cuts = survives(chip::<4096, 256>(7), &steps(120, &mut Dice::new(3), 700));
    println!("RP2350: {cuts} cuts");
    assert!(cuts > 700);
}

#[test]
fn encrypted_words_of_32_bytes() {
    let cuts = survives(chip::<4096, 32>(3), &steps(120, &mut Dice::new(4), 200));
    println!("ESP32, encrypted: {cuts} cuts");
    assert!(cuts > 700);
}

#[test]
fn large_blocks() {
    let riscv32 = survives(
        nearly_full::<262_144, 4>(),
        &steps(12, &mut Dice::new(5), 700),
    );
    let sectors = survives(
        nearly_full::<131_072, 4>(),
        &steps(12, &mut Dice::new(6), 700),
    );
    println!("qemu-riscv32: {riscv32} cuts, STM32F4: {sectors} cuts");
    assert!(riscv32 > 50 && sectors > 50);
}

/// A chip of large blocks whose logs are about to turn: what follows moves everything to the other block.
fn nearly_full<const ERASE: usize, const WORD: usize>() -> (Nor<ERASE, WORD>, Layout) {
    let (nor, layout) = chip(2);
    let mut store = Store::new(nor.clone(), layout.clone()).unwrap();
    let mut fill = |size: usize, keep: &mut dyn FnMut(&mut Store<_>, u64)| {
        (0..(ERASE - 700) / size).for_each(|number| keep(&mut store, number as u64));
    };
    // Sizes with the headers of items and the keys.
    fill(1_040, &mut |store, number| {
        let key = format!("key-{}", number % 6);
        store
            .set_value("w", "one", &key, &[number as u8; 1_021])
            .unwrap();
    });
    fill(104, &mut |store, number| {
        store.add_crash(&[number as u8; 91]).unwrap();
    });
    (nor, layout)
}
