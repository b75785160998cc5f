//! What every board's firmware needs and no board's hardware decides: the layout's types, the rules of NOR flash, the heap with
//! its numbers, serial queues, the timer queue, bit-banged I2C, models of missing hardware, the watchdog, the record of the last
//! fault, and the main loop.
//!
//! A board crate brings the registers: it implements [`flash::Medium`], [`time::Alarm`] and [`i2c::Lines`], feeds
//! [`serial::Queues`] from its interrupt handlers, and ends in [`run`] as a task of its executor.
#![no_std]

extern crate alloc;

// Linked for its symbols: how memory is copied.
use petiole_memory as _;

pub mod fault;
pub mod flash;
pub use petiole_heap as heap;
pub mod i2c;
mod layout;
mod main_loop;
pub mod models;
pub mod registers;
mod runner;
pub mod serial;
pub mod time;
pub mod watchdog;

pub use layout::{Geometry, Layout, Regions};
pub use main_loop::{Hooks, run};
