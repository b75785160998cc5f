//! Trust anchors (formats reference, section 2).

use crate::digest::key_id;

/// A device has at most this many anchors.
pub const MAX_ANCHORS: usize = 8;

/// A public key whose signatures are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// An Ed25519 key (RFC 8032).
    Ed25519([u8; 32]),
    /// A point on P-256, compressed (SEC 1, section 2.3.3).
    P256([u8; 33]),
}

impl Anchor {
    /// The anchor in these bytes: 32 of an Ed25519 key, or 33 that begin with 2 or 3.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match (bytes.try_into(), bytes.try_into(), bytes.first()) {
            (Ok(key), _, _) => Some(Self::Ed25519(key)),
            (_, Ok(point), Some(2 | 3)) => Some(Self::P256(point)),
            _ => None,
        }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key,
            Self::P256(point) => point,
        }
    }

    /// Its key id.
    #[must_use]
    pub fn key_id(&self) -> [u8; 8] {
        key_id(self.bytes())
    }
}
