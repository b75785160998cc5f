//! The device's own key.

use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use sha2::{Digest as _, Sha512};

use crate::digest::sha256;

/// What a proof of identity is signed over, before the nonce.
const PROOF_CONTEXT: &[u8] = b"petiole-prove-1";

/// An Ed25519 key that never leaves the device.
pub struct DeviceKey {
    secret: ExpandedSecretKey,
    public: [u8; 32],
}

impl DeviceKey {
    /// The key of a stored seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = ExpandedSecretKey::from(seed);
        let public = VerifyingKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// A new seed out of both sides' randomness: neither side alone decides on the key.
    #[must_use]
    pub fn new_seed(host_entropy: &[u8; 32], board_entropy: &[u8; 32]) -> [u8; 32] {
        sha256(&[host_entropy, board_entropy])
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The answer to a challenge: a signature that no other protocol of ours could want.
    #[must_use]
    pub fn prove(&self, nonce: &[u8; 32]) -> [u8; 64] {
        let message: [&[u8]; 2] = [PROOF_CONTEXT, nonce];
        let once = scalar(&[&self.secret.hash_prefix], message);
        let point = EdwardsPoint::mul_base(&once).compress().0;
        let challenge = scalar(&[&point, &self.public], message);
        let answer = once + product(self.secret.scalar, &challenge);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point);
        signature[32..].copy_from_slice(answer.as_bytes());
        signature
    }
}

/// SHA-512 over all parts, as a scalar (RFC 8032, section 5.1.6).
fn scalar(parts: &[&[u8]], message: [&[u8]; 2]) -> Scalar {
    let mut hash = Sha512::new();
    for part in parts.iter().chain(&message) {
        hash.update(part);
    }
    Scalar::from_hash(hash)
}

/// A product of scalars as a sum, in little flash: the library's own product is 3.4 KB, and signing alone needs one.
///
/// How long it takes depends on `public` alone.
fn product(secret: Scalar, public: &Scalar) -> Scalar {
    let mut sum = Scalar::ZERO;
    for byte in public.as_bytes().iter().rev() {
        for bit in (0..8).rev() {
            sum += sum;
            if byte >> bit & 1 != 0 {
                sum += secret;
            }
        }
    }
    sum
}
