//! See `petiole_hostile::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::records(data));
