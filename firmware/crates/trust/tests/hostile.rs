//! Input of an attacker: nothing panics, nothing unsigned is taken. Deterministic, so that a failure can be repeated.

use petiole_trust::{Anchor, Component, Descriptor, verify_envelope};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/../../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Some bytes changed, cut out, doubled or put in.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.drain(at..bytes.len().min(at + 4))),
                3 => bytes.insert(at, [0x00, 0x1b, 0x5b, 0x9b, 0xbb, 0xff][self.below(6)]),
                _ => bytes.extend_from_within(at..),
            }
            if bytes.is_empty() {
                bytes.push(0xa0);
            }
        }
        bytes
    }
}

/// Everything that a parsed descriptor can be asked for.
fn read_all(descriptor: &Descriptor<'_>) -> usize {
    let of = |component: Component<'_>| {
        let labels: usize = component.grants().map(|grant| grant.labels().count()).sum();
        labels + component.config().count() + component.triggers().count()
    };
    descriptor.components().map(of).sum()
}

#[test]
fn descriptors_never_panic() {
    let mut numbers = Numbers(0x1234_5678);
    let cases: Vec<Vec<u8>> = vectors("descriptor")
        .as_array()
        .unwrap()
        .iter()
        .map(|case| hex(&case["bytes"]))
        .collect();
    let mut taken = 0;
    for _ in 0..50_000 {
        let case = &cases[numbers.below(cases.len())];
        if let Ok(descriptor) = Descriptor::parse(&numbers.mutate(case)) {
            taken += usize::from(read_all(&descriptor) < 10_000);
        }
    }
    assert!(taken > 0, "some changes leave a descriptor valid");
}

#[test]
fn changed_envelopes_never_panic_and_are_never_another_release() {
    let mut numbers = Numbers(0x8765_4321);
    let file = vectors("envelopes");
    let anchors: Vec<Anchor> = file["anchors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|anchor| Anchor::from_bytes(&hex(anchor)).unwrap())
        .collect();
    let envelope = hex(&file["cases"][1]["envelope"]);
    let release = *verify_envelope(&envelope, &anchors).unwrap().release();
    for _ in 0..5_000 {
        if let Ok(manifest) = verify_envelope(&numbers.mutate(&envelope), &anchors) {
            assert_eq!(manifest.release(), &release);
        }
    }
}
