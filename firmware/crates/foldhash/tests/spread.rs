//! Hashes spread over the buckets of a table, and over the seven bits that `hashbrown` keeps of each.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;

/// The largest share of buckets in use and the largest bucket's size: what fair dice give is 63 in 100, and 5 or 6.
fn check<T: Hash>(what: &str, keys: impl Iterator<Item = T>) {
    let hashes: Vec<u64> = keys.map(|key| RandomState.hash_one(key)).collect();
    let (low, tags) = (
        |hash: u64| hash as usize % 256,
        |hash: u64| (hash >> 25) as usize % 128,
    );
    for (part, buckets, expected) in [
        ("index", fill(&hashes, 256, low), 120),
        ("tag", fill(&hashes, 128, tags), 80),
    ] {
        let used = buckets.iter().filter(|count| **count > 0).count();
        let most = buckets.iter().max().unwrap();
        assert!(
            used >= expected && *most <= 12,
            "{what}, {part}: {used} in use, {most} at most"
        );
    }
}

fn fill(hashes: &[u64], size: usize, place: impl Fn(u64) -> usize) -> Vec<usize> {
    let mut buckets = vec![0; size];
    hashes.iter().for_each(|hash| buckets[place(*hash)] += 1);
    buckets
}

#[test]
fn numbers_spread() {
    check("numbers", 0..256_u32);
    check(
        "addresses",
        (0..256_u32).map(|number| 0x3800_0000 + 16 * number),
    );
    check("pages", (0..256_u32).map(|number| number << 16));
    check(
        "pairs",
        (0..16_u32).flat_map(|one| (0..16_u32).map(move |other| (one, other))),
    );
    check("long numbers", (0..256_u64).map(|number| number << 32));
}

#[test]
fn texts_spread() {
    check(
        "names",
        (0..256).map(|number| format!("wasi:gpio/types@0.2.{number}")),
    );
    check("short names", (0..256).map(|number| format!("{number}")));
}

#[test]
fn equal_keys_have_equal_hashes() {
    assert_eq!(
        RandomState.hash_one("name"),
        RandomState.hash_one("name".to_owned())
    );
}
