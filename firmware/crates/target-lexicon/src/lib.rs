//! Names of what an artifact was compiled for, as far as boards run it: Pulley, Wasmtime's interpreter.
//!
//! Boards take this crate in the place of the one of the same name, which knows a hundred processors and systems. The name
//! of anything else than Pulley is a target that no board has.

#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use core::str::FromStr;

/// What code is compiled for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Triple {
    /// What runs it.
    pub architecture: Architecture,
    /// On which system.
    pub operating_system: OperatingSystem,
}

/// What runs code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Anything but Pulley and this processor.
    Unknown,
    /// The processor that this program runs on.
    Native,
    /// Pulley with addresses of 32 bits, least significant byte first.
    Pulley32,
    /// Pulley with addresses of 32 bits, most significant byte first.
    Pulley32be,
    /// Pulley with addresses of 64 bits, least significant byte first.
    Pulley64,
    /// Pulley with addresses of 64 bits, most significant byte first.
    Pulley64be,
}

/// A system that code needs. No name that is read here has one; Wasmtime asks for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum OperatingSystem {
    Unknown,
    Darwin(()),
    Linux,
    MacOSX(()),
    Windows,
}

/// Bits of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum PointerWidth {
    U16,
    U32,
    U64,
}

/// Which byte of a number is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Endianness {
    Little,
    Big,
}

/// Reading a name, which does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {}

/// The target of a name that stands in the program.
#[macro_export]
macro_rules! triple {
    ($name:tt) => {
        <$crate::Triple as ::core::str::FromStr>::from_str($name).unwrap()
    };
}

/// What a full name says behind the interpreter's: no vendor, no system, and the format of the file.
const REST: &str = "-unknown-unknown-elf";

const NAMES: [(&str, Architecture); 4] = [
    ("pulley32", Architecture::Pulley32),
    ("pulley32be", Architecture::Pulley32be),
    ("pulley64", Architecture::Pulley64),
    ("pulley64be", Architecture::Pulley64be),
];

impl Triple {
    /// The processor that this program runs on.
    pub const fn host() -> Self {
        Self::of(Architecture::Native)
    }

    const fn of(architecture: Architecture) -> Self {
        Self {
            architecture,
            operating_system: OperatingSystem::Unknown,
        }
    }

    /// Bits of an address; none where the target is unknown.
    #[allow(clippy::result_unit_err)]
    pub const fn pointer_width(&self) -> Result<PointerWidth, ()> {
        match self.architecture {
            Architecture::Native if cfg!(target_pointer_width = "64") => Ok(PointerWidth::U64),
            Architecture::Native | Architecture::Pulley32 | Architecture::Pulley32be => {
                Ok(PointerWidth::U32)
            }
            Architecture::Pulley64 | Architecture::Pulley64be => Ok(PointerWidth::U64),
            Architecture::Unknown => Err(()),
        }
    }

    /// Which byte of a number is first; none where the target is unknown.
    #[allow(clippy::result_unit_err)]
    pub const fn endianness(&self) -> Result<Endianness, ()> {
        match self.architecture {
            Architecture::Native if cfg!(target_endian = "big") => Ok(Endianness::Big),
            Architecture::Native | Architecture::Pulley32 | Architecture::Pulley64 => {
                Ok(Endianness::Little)
            }
            Architecture::Pulley32be | Architecture::Pulley64be => Ok(Endianness::Big),
            Architecture::Unknown => Err(()),
        }
    }
}

impl FromStr for Triple {
    type Err = ParseError;

    #[inline(never)]
    fn from_str(name: &str) -> Result<Self, ParseError> {
        let name = name.strip_suffix(REST).unwrap_or(name);
        let known = NAMES.iter().find(|(of, _)| *of == name);
        Ok(Self::of(
            known.map_or(Architecture::Unknown, |(_, architecture)| *architecture),
        ))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = NAMES.iter().find(|(_, architecture)| architecture == self);
        formatter.write_str(known.map_or("unknown", |(name, _)| name))
    }
}

impl fmt::Display for OperatingSystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("unknown")
    }
}

impl fmt::Display for Triple {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.architecture.fmt(formatter)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl core::error::Error for ParseError {}
