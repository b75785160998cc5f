//! See `petiole_hostile::envelope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::envelope(data));
