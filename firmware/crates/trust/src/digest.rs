//! SHA-256 and key ids (formats reference, section 2).

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Digest = [u8; 32];

/// SHA-256 over the parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The key id of a public key.
#[must_use]
pub fn key_id(public_key: &[u8]) -> [u8; 8] {
    let digest = sha256(&[public_key]);
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}
