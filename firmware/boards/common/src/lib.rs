//! What every board's firmware needs and no board's hardware decides: the layout's types, the rules of NOR flash, the heap with
//! its numbers, serial queues, the timer queue, bit-banged I2C and the record of the last fault.
//!
//! A board crate brings the registers: it implements [`flash::Medium`], [`time::Alarm`] and [`i2c::Lines`], feeds
//! [`serial::Queues`] from its interrupt handlers, and starts the executor.
#![no_std]

extern crate alloc;

pub mod fault;
pub mod flash;
pub mod heap;
pub mod i2c;
mod layout;
pub mod registers;
pub mod serial;
pub mod time;

pub use layout::{Geometry, Layout, Regions};
