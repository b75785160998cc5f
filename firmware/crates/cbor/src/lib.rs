//! CBOR (RFC 8949) as the formats reference asks for it: written deterministically
//! (section 4.2.1), read strictly. No allocation, no panic on any input.
//!
//! The reader refuses what deterministic writers never make: indefinite lengths, integers and
//! lengths that are longer than needed, text that is not UTF-8, reserved additional information.
//! Order and uniqueness of map keys belong to the schema and are checked through [`Keys`].
#![no_std]

mod keys;
mod reader;
mod writer;

pub use keys::Keys;
pub use reader::{Kind, Reader};
pub use writer::{Full, Writer};

/// The bytes are not the CBOR that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;
