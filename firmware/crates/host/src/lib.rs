//! The board host: everything a board does that does not depend on the board (formats reference, sections 5, 6 and 8).
//!
//! | Module | Holds |
//! |---|---|
//! | [`Host`] | bytes and time in, bytes out: what a board's main loop drives |
//! | `service` | the commands of SMP group 64 |
//! | `manager`, `install`, `lifecycle`, `schedule` | policy: what may be installed, what runs, what goes back |
//! | `events`, `port` | what guests and the board say, kept until the edge host has it |
//! | [`GuestRunner`], [`Board`], [`SerialOut`] | what the host wants from engine and board |
#![no_std]

extern crate alloc;

mod board;
mod error;
mod events;
mod host;
mod install;
mod lifecycle;
mod limits;
mod manager;
mod port;
mod runner;
mod schedule;
mod service;
mod wake;
mod workload;

pub use board::{Board, Facts, Heap, SerialOut};
pub use host::Host;
pub use runner::{Call, GuestRunner, LoadError, Message, Run, Stop, StopKind, Usage};
