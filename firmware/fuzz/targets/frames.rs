//! See `petiole_hostile::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::frames(data));
