//! `wasi:random/random`: numbers that nobody can foretell.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::{Handler, random};

checks! {
    /// `get-random-bytes` gives as many bytes as asked for.
    fn bytes_are_as_many_as_asked_for() -> bool {
        [0, 1, 7, 64, 500].into_iter().all(|length| random::get_random_bytes(length).len() as u64 == length)
    }

    /// Two draws of 16 bytes differ.
    fn draws_differ() -> bool {
        random::get_random_bytes(16) != random::get_random_bytes(16)
    }

    /// Of 256 bytes at least 100 values occur.
    fn bytes_are_spread() -> bool {
        let mut seen = [false; 256];
        for byte in random::get_random_bytes(256) {
            seen[usize::from(byte)] = true;
        }
        seen.iter().filter(|seen| **seen).count() >= 100
    }

    /// In eight numbers of `get-random-u64` every bit is 0 once and 1 once, but for a few.
    fn numbers_use_every_bit() -> bool {
        let (mut ones, mut zeroes) = (0, 0);
        for _ in 0..8 {
            let number = random::get_random_u64();
            ones |= number;
            zeroes |= !number;
        }
        (ones & zeroes).count_ones() >= 56
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
