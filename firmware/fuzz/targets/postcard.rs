//! See `petiole_hostile::postcard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::postcard(data));
