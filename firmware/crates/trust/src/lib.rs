//! What a board believes: signatures, manifests and deployment descriptors (formats reference, sections 2 to 5).
//!
//! ```text
//! bytes -> verify_envelope(anchors) -> Manifest -> Manifest::check(class, accepted)
//!                                          |-> Manifest::descriptor() -> Descriptor
//!                                                          '-> Manifest::verify_code(n, flash) -> VerifiedCode -> engine
//! bytes -> verify_rotation(anchors) -> Rotation
//! ```
//! Nothing here allocates, panics or trusts a length: every input is bytes of an attacker until verified.
#![no_std]

mod anchor;
mod checked;
mod code;
mod component;
mod cose;
mod descriptor;
mod digest;
mod identity;
mod manifest;
mod names;
mod processor;
mod refusal;
mod rotation;
mod signature;
mod suit;
mod trigger;

pub use anchor::{Anchor, MAX_ANCHORS};
pub use checked::Checked;
pub use code::{CODE_ALIGNMENT, Code, VerifiedCode};
pub use component::{Component, Grant, Limits};
pub use descriptor::{Descriptor, Probation};
pub use digest::{Digest, key_id, sha256};
pub use identity::DeviceKey;
pub use manifest::{Accepted, MAX_CODES, Manifest};
pub use names::{is_name, is_subject};
pub use refusal::Refusal;
pub use rotation::{Rotation, verify_rotation};
pub use suit::{MAX_ENVELOPE, verify_envelope};
pub use trigger::{Edge, Trigger};
