//! The board host: everything a board does that does not depend on the board (formats reference, sections 5, 6 and 8).
//!
//! | Module | Holds |
//! |---|---|
//! | [`Host`] | bytes and time in, bytes out: what a board's main loop drives |
//! | `service`, `stock`, `body`, `answers` | the commands of SMP group 64, and what stock tools ask |
//! | `manager`, `boot`, `install`, `transfer`, `delta`, `lifecycle` | policy: what may be installed, what comes back, what goes |
//! | `start`, `peers`, `member`, `triggers`, `cron` | the components of a workload and what makes them run |
//! | `schedule`, `budget`, `stops` | whose turn it is, for how much fuel, and what becomes of those that stop |
//! | `port`, `mail`, `values`, `clock` | what guests reach of the rest of the board |
//! | `events`, `postmortem`, `breaches` | what guests and the board say, kept until the edge host has it |
//! | [`GuestRunner`], [`Board`], [`SerialOut`] | what the host wants from engine and board |
#![no_std]

extern crate alloc;

mod answers;
mod board;
mod body;
mod boot;
mod breaches;
mod budget;
mod clock;
mod cron;
mod decimal;
mod delta;
mod error;
mod events;
mod host;
mod install;
mod lifecycle;
mod limits;
mod mail;
mod manager;
mod member;
mod peers;
mod port;
mod postmortem;
mod runner;
mod schedule;
mod service;
mod shared;
mod start;
mod stock;
mod stops;
mod transfer;
mod triggers;
mod values;
mod wake;
mod workload;

pub use board::{Board, Facts, Heap, SerialOut};
pub use cron::Cron;
pub use host::Host;
pub use runner::{Call, GuestRunner, LoadError, Run, Stop, StopKind, Usage};
