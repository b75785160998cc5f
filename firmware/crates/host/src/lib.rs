//! The board host: everything a board does that does not depend on the board.
#![no_std]

extern crate alloc;

mod board;
mod host;
mod runner;

pub use board::{Board, Facts, Heap, SerialOut};
pub use host::Host;
pub use runner::{GuestRunner, LoadError, Stop, StopKind};
