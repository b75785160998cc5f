//! See `petiole_hostile::blocks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::blocks(data));
