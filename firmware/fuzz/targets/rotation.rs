//! See `petiole_hostile::rotation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::rotation(data));
