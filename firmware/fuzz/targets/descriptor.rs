//! See `petiole_hostile::descriptor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::descriptor(data));
