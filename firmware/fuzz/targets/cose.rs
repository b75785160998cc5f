//! See `petiole_hostile::cose`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::cose(data));
