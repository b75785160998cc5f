//! What a board believes: signatures, manifests and deployment descriptors (formats reference, sections 2 to 5).
//!
//! ```text
//! bytes -> Envelope::parse -> Envelope::verify(anchors) -> Manifest -> Manifest::check(class, accepted)
//!                                                          |-> Manifest::descriptor() -> Descriptor
//!                                                          '-> Manifest::verify_code(flash) -> VerifiedCode -> engine
//! ```
//! Nothing here allocates, panics or trusts a length: every input is bytes of an attacker until verified.
#![no_std]

mod code;
mod cose;
mod descriptor;
mod digest;
mod identity;
mod manifest;
mod refusal;
mod suit;

pub use code::VerifiedCode;
pub use descriptor::{Component, Descriptor, Grant, Limits, Probation, Trigger};
pub use digest::{Digest, key_id, sha256};
pub use identity::DeviceKey;
pub use manifest::{Accepted, Manifest, is_name};
pub use refusal::Refusal;
pub use suit::{MAX_ENVELOPE, verify_envelope};

/// A public key whose signatures are accepted (Ed25519, RFC 8032).
pub type Anchor = [u8; 32];
