//! The device's own key.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::digest::sha256;

/// What a proof of identity is signed over, before the nonce.
const PROOF_CONTEXT: &[u8] = b"petiole-prove-1";

/// An Ed25519 key that never leaves the device.
pub struct DeviceKey {
    key: SigningKey,
}

impl DeviceKey {
    /// The key of a stored seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// A new seed out of both sides' randomness: neither side alone decides on the key.
    #[must_use]
    pub fn new_seed(host_entropy: &[u8; 32], board_entropy: &[u8; 32]) -> [u8; 32] {
        sha256(&[host_entropy, board_entropy])
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The answer to a challenge: a signature that no other protocol of ours could want.
    #[must_use]
    pub fn prove(&self, nonce: &[u8; 32]) -> [u8; 64] {
        let mut message = [0; PROOF_CONTEXT.len() + 32];
        message[..PROOF_CONTEXT.len()].copy_from_slice(PROOF_CONTEXT);
        message[PROOF_CONTEXT.len()..].copy_from_slice(nonce);
        self.key.sign(&message).to_bytes()
    }
}
