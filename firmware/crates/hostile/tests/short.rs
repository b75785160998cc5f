//! A short run of every fuzz target: its seeds and the vectors, as they are and changed a few thousand times.

use std::path::Path;

use petiole_hostile::TARGETS;
use serde_json::Value;

/// Changed inputs for each target.
const ROUNDS: usize = 4_000;

/// Calendar expressions to begin with.
const CALENDARS: [&str; 4] = [
    "*/5 * * * *",
    "0 30 8-18/2 * * 1,3,5",
    "0 0 29 2 *",
    "59 23 31 12 7",
];

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Some bytes changed, cut out, doubled, put in, or replaced by those of another input.
    fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                bytes.push(self.below(256) as u8);
            }
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.drain(at..bytes.len().min(at + 4))),
                3 => bytes.insert(at, [0x00, 0x1b, 0x5b, 0x9b, 0xbb, 0xff][self.below(6)]),
                4 => bytes.extend_from_within(at..),
                _ => {
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[at.min(other.len())..]);
                }
            }
            bytes.truncate(1 << 14);
        }
        bytes
    }
}

/// Every hex text in the vectors that is part of the target's format, and the seeds that fuzzing found.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let firmware = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = vec![Vec::new()];
    let file = match target {
        "cose" | "envelope" => "envelopes.json",
        "descriptor" => "descriptor.json",
        "delta" => "deltas.json",
        "rotation" => "rotations.json",
        "frames" | "cbor" => "smp.json",
        _ => "",
    };
    if !file.is_empty() {
        let path = firmware.join("../tests/vectors").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        collect(&serde_json::from_str(&text).unwrap(), &mut found);
        assert!(found.len() > 2, "{file} holds inputs");
    }
    if target == "cron" {
        found.extend(CALENDARS.map(|text| [&[0; 4], text.as_bytes()].concat()));
    }
    let seeds = firmware.join("fuzz/seeds").join(target);
    for entry in std::fs::read_dir(&seeds).unwrap_or_else(|error| panic!("{seeds:?}: {error}")) {
        found.push(std::fs::read(entry.unwrap().path()).unwrap());
    }
    found
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) if text.len() > 8 && text.len() % 2 == 0 => {
            let bytes = (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
            found.extend(bytes.collect::<Option<Vec<u8>>>());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[test]
fn every_target_keeps_its_promise_over_its_seeds_and_changes_of_them() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        inputs.iter().for_each(|input| target(input));
        let mut numbers = Numbers(0x0123_4567_89ab_cdef);
        for _ in 0..ROUNDS {
            let (one, other) = (numbers.below(inputs.len()), numbers.below(inputs.len()));
            target(&numbers.mutate(&inputs[one], &inputs[other]));
        }
    }
}
