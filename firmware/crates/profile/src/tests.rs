use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{CLASS_ID, PROFILE, SETTINGS, TARGET, VENDOR_ID};

/// RFC 9562, appendix A: the namespace of URLs.
const NAMESPACE_URL: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];

/// RFC 9562, section 5.5.
fn uuid5(namespace: &[u8; 16], name: &[u8]) -> [u8; 16] {
    let digest = Sha1::new()
        .chain_update(namespace)
        .chain_update(name)
        .finalize();
    let mut id: [u8; 16] = digest[..16].try_into().expect("SHA-1 has 20 bytes");
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

#[test]
fn profile_ends_with_the_hash_of_the_settings() {
    let digest = Sha256::digest(SETTINGS.as_bytes());
    let (prefix, hash) = PROFILE.rsplit_once(' ').expect("a space before the hash");
    let hash = u32::from_str_radix(hash, 16).expect("8 hex digits");
    assert_eq!(
        hash.to_be_bytes(),
        digest[..4],
        "settings changed: put {:02x?} into PROFILE",
        &digest[..4]
    );
    assert!(prefix.ends_with(TARGET));
}

#[test]
fn ids_are_those_of_the_profile() {
    let vendor = uuid5(&NAMESPACE_URL, b"urn:petiole");
    assert_eq!(VENDOR_ID, vendor, "{vendor:#04x?}");
    let class = uuid5(&VENDOR_ID, PROFILE.as_bytes());
    assert_eq!(CLASS_ID, class, "{class:#04x?}");
}
