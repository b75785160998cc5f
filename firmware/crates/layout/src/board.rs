//! A board's description as typed data: the tables of `boards/*.toml` that concern the firmware.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::{LayoutError, check};

/// One `boards/<name>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name, equal to the file's.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The cargo package of the firmware.
    #[serde(rename = "crate")]
    pub package: String,
    /// The Rust target triple.
    pub target: String,
    /// The processor.
    pub chip: Chip,
    /// The RAM.
    pub memory: Memory,
    /// The program flash.
    pub firmware: Firmware,
    /// The data flash.
    pub flash: Flash,
    /// The workload slots inside the data flash's `workloads` region.
    pub workloads: Workloads,
    /// What guests may open: label to the WIT interface behind it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How to emulate the board; of no concern to the firmware.
    #[serde(default)]
    pub emulator: Option<toml::Table>,
}

/// The processor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// Name of the part.
    pub name: String,
    /// Name of the core.
    pub core: String,
    /// Rate of the clock that the board's timer counts, in Hz.
    pub frequency_hz: u32,
    /// Whether words may be read and written at any address; a matter of the compiler's flags.
    #[serde(default)]
    pub unaligned: bool,
}

/// The RAM that the firmware may use, in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// First address.
    pub base: u32,
    /// Size.
    pub ram: u32,
    /// Part of it that is the heap.
    pub heap: u32,
}

/// The program flash, in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firmware {
    /// First address.
    pub base: u32,
    /// Size that the image may have.
    pub max_flash: u32,
    /// Size to which an emulator wants the image padded; 0 for none.
    #[serde(default)]
    pub image: u32,
}

/// The memory-mapped data flash, in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// First address.
    pub base: u32,
    /// Size.
    pub size: u32,
    /// Erase block.
    pub erase: u32,
    /// Smallest unit of programming.
    pub write: u32,
    /// Size to which an emulator wants the image padded; 0 for none.
    #[serde(default)]
    pub image: u32,
    /// Named parts: offset and size.
    pub regions: BTreeMap<String, (u32, u32)>,
}

/// The workload slots.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workloads {
    /// How many workloads the board can hold.
    pub count: u32,
    /// Size in bytes of each of a workload's two slots.
    pub slot: u32,
}

impl Board {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// [`LayoutError::File`], [`LayoutError::Syntax`] or [`LayoutError::Contradiction`].
    pub fn load(path: &Path) -> Result<Self, LayoutError> {
        let text = std::fs::read_to_string(path).map_err(|cause| LayoutError::File {
            path: path.into(),
            cause,
        })?;
        Self::parse(&text, path)
    }

    /// As [`Board::load`] for a text already read; `path` only serves messages.
    ///
    /// # Errors
    /// [`LayoutError::Syntax`] or [`LayoutError::Contradiction`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, LayoutError> {
        let board: Self = toml::from_str(text).map_err(|cause| LayoutError::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        })?;
        check::consistent(&board).map_err(|message| LayoutError::Contradiction {
            path: path.into(),
            message,
        })?;
        Ok(board)
    }
}
