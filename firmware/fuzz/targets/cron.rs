//! See `petiole_hostile::cron`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| petiole_hostile::cron(data));
