//! Envelopes: nothing that the fuzzer makes up carries a signature of the one trust anchor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use petiole_trust::verify_envelope;

/// The public key of RFC 8032, section 7.1, test 1.
const ANCHOR: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

fuzz_target!(|data: &[u8]| {
    if let Ok(manifest) = verify_envelope(data, &[ANCHOR]) {
        // A seed of the corpus may be signed; then all of it is readable.
        let _ = manifest.descriptor();
        assert!(manifest.size() > 0);
    }
});
