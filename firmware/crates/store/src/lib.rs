//! What a board keeps over power cuts.
#![no_std]

mod flash;

pub use flash::{Layout, MappedFlash};
