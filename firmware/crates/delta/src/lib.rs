//! Patches: small updates of code (formats reference, section 9).
//!
//! ```text
//! first bytes -> Header::read -> base digest to compare, rest
//! rest, and all that follows -> Patch::feed(base code) -> pieces of new code, in order, each at most PIECE bytes
//! ```
//! Reads sequential patches of `detools` 0.53 with heatshrink compression as they arrive; what is kept in memory is [`Patch`]
//! alone, less than 600 bytes. Nothing is believed: a patch that asks for bytes beyond the base or makes more than it said is
//! [`Malformed`], and what comes out has to be compared with its digest like code that came whole.
#![no_std]

mod header;
mod heatshrink;
mod patch;

pub use header::{Digest, Header};
pub use patch::{Feed, PIECE, Patch};

/// The bytes are no patch, or not one of this base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;
