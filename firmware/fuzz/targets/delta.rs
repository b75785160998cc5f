//! See `petiole_hostile::delta`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::delta(data));
