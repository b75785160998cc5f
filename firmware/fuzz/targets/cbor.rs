//! See `petiole_hostile::cbor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::cbor(data));
