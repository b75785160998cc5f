//! Reads the [postcard](https://postcard.jamesmunns.com) format, version 1, in little flash.
//!
//! Boards take this crate in the place of the one of the same name, with which Wasmtime reads what its compiler says of an
//! artifact. It reads the same bytes to the same values, with these differences, each of which saves flash:
//!
//! - It writes nothing: artifacts are made on larger machines.
//! - A struct of more than [`MOST_FIELDS`] fields is refused before its fields are read, so that no code to read them is
//!   kept. Wasmtime's table of operators' costs has over 600, and no artifact for boards holds one.
//! - Types of Wasmtime that no artifact for boards holds are refused by their names, as are numbers of 128 bits; a checksum must
//!   be zero. The table of them is in `refused.rs`.
//! - A sequence or map says how many elements it has, and no more than there are bytes left: elements that take no bytes
//!   cannot stand in one.
//! - Reading goes on after bytes that make no sense, with zeros and nothing allocated, and is refused at the end. A
//!   visitor that reads numbers has no way to fail, and no code for it.
//! - An error says that there was one, and neither what nor where.

#![no_std]
#![forbid(unsafe_code)]

mod decoder;
mod reader;
mod refused;
mod zeros;

use core::fmt;

use serde_core::de;

use reader::Reader;

/// The most fields of a struct that is read.
pub const MOST_FIELDS: usize = 128;

/// What was read is not what its type expects, or memory did not suffice for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

/// What reading gives.
pub type Result<T> = core::result::Result<T, Error>;

/// The value that stands at the start of `bytes`; what follows it is ignored.
///
/// Raises [`Error`] when the bytes end early, or hold what cannot be read as a `T`.
#[inline]
pub fn from_bytes<'de, T: de::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "not in the postcard format, with what boards leave out, or too large for the memory",
        )
    }
}

impl core::error::Error for Error {}

impl de::Error for Error {
    #[inline(always)]
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    #[inline(always)]
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    #[inline(always)]
    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    #[inline(always)]
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }

    #[inline(always)]
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    #[inline(always)]
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    #[inline(always)]
    fn missing_field(_: &'static str) -> Self {
        Self
    }

    #[inline(always)]
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}
