//! The SMP server of a board (MCUmgr; formats reference, section 8). Bytes in, bytes out: no input or output of its own.
//!
//! ```text
//! serial bytes -> Deframer -> message -> Server::answer -> Service (group 64, facts) -> message -> write_frames -> serial bytes
//! ```
#![no_std]

extern crate alloc;

mod date;
mod frame;
mod header;
mod server;
mod stock;

pub use frame::{Deframer, MAX_MESSAGE, framed_size, write_frames};
pub use header::{Header, Operation};
pub use server::{Answer, Fault, Outcome, Request, Service, answer, event};
pub use stock::{Image, Task};
