//! Signatures by the two algorithms there are (formats reference, section 4).

use ed25519_dalek::{Signature, VerifyingKey};
use p256::ecdsa::{self, signature::hazmat::PrehashVerifier as _};

use crate::digest::sha256;
use crate::{Anchor, Refusal};

/// A signature algorithm of COSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), under either of its numbers.
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The algorithm of this number: EdDSA -8 (RFC 9053), Ed25519 -19 (RFC 9864), ES256 -7 (RFC 9053).
    pub const fn of(number: i64) -> Option<Self> {
        match number {
            -8 | -19 => Some(Self::Ed25519),
            -7 => Some(Self::Es256),
            _ => None,
        }
    }
}

/// Checks a signature over `message`.
///
/// # Errors
/// [`Refusal::Unsupported`] when the anchor is no key for the algorithm; [`Refusal::BadSignature`].
pub fn verify(
    algorithm: Algorithm,
    anchor: &Anchor,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refusal> {
    match (algorithm, anchor) {
        (Algorithm::Ed25519, Anchor::Ed25519(key)) => Signature::from_slice(signature)
            .and_then(|signature| VerifyingKey::from_bytes(key)?.verify_strict(message, &signature))
            .map_err(|_| Refusal::BadSignature),
        (Algorithm::Es256, Anchor::P256(point)) => verify_es256(point, message, signature),
        _ => Err(Refusal::Unsupported),
    }
}

/// `signature` is r and s, 32 bytes each (RFC 9053, section 2.1). Either value of s is taken.
fn verify_es256(point: &[u8; 33], message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
    let digest = sha256(&[message]);
    ecdsa::Signature::from_slice(signature)
        .and_then(|signature| {
            ecdsa::VerifyingKey::from_sec1_bytes(point)?.verify_prehash(&digest, &signature)
        })
        .map_err(|_| Refusal::BadSignature)
}
