//! What a guest can reach on a board, as plain Rust: no engine in here.
//!
//! | Module | Holds |
//! |---|---|
//! | [`devices`] | the board's resources by label, and the kinds of them |
//! | [`grants`] | which interfaces and labels a component may use, and its config |
//! | [`limits`] | the bounds of a component |
//! | [`meter`] | holds a component to a rate |
//! | [`port`] | where log lines and measurements of a guest go, and where its time comes from |
//! | [`i2c`], [`gpio`] | the typed functions behind `wasi:i2c` and `wasi:gpio` over embedded-hal |
//! | [`telemetry`] | what `petiole:telemetry` takes |
//!
//! `petiole-engine` adapts these to the generated traits of WIT interfaces; they are tested on a PC without it.
#![no_std]

extern crate alloc;

pub mod devices;
pub mod gpio;
pub mod grants;
pub mod i2c;
pub mod limits;
pub mod meter;
pub mod port;
pub mod telemetry;

pub use devices::{Device, Devices, Resource};
pub use grants::{Config, Grants};
pub use limits::Limits;
pub use port::{Level, Port, TelemetryError, Value};
