//! What a guest can reach on a board, as plain Rust: no engine in here.
//!
//! | Module | Holds |
//! |---|---|
//! | [`devices`] | the board's resources by label, and the kinds of them |
//! | [`grants`] | which interfaces and labels a component may use, and its config |
//! | [`limits`] | the bounds of a component |
//! | [`meter`] | holds a component to a rate |
//! | [`port`] | the way from one guest to the rest of the board: logs, measurements, time, messages, values |
//! | [`i2c`], [`spi`], [`gpio`], [`pwm`] | the typed functions behind the device interfaces, over embedded-hal |
//! | [`clock`], [`random`], [`messages`], [`key_value`], [`telemetry`] | those behind the others |
//! | [`room`] | bounds what one call brings back |
//! | `double` (feature) | stand-ins for tests |
//!
//! `petiole-engine` adapts these to the generated traits of WIT interfaces; they are tested on a PC without it.
#![no_std]

extern crate alloc;

pub mod clock;
pub mod devices;
#[cfg(any(test, feature = "double"))]
pub mod double;
pub mod gpio;
pub mod grants;
pub mod i2c;
pub mod key_value;
pub mod limits;
pub mod messages;
pub mod meter;
pub mod port;
pub mod pwm;
pub mod random;
pub mod room;
pub mod spi;
pub mod telemetry;

pub use clock::Wall;
pub use devices::{Device, Devices, Resource};
pub use grants::{Config, Grants};
pub use key_value::{KeyValue, KeyValueError};
pub use limits::Limits;
pub use messages::{Message, MessageError};
pub use port::{Level, Port, TelemetryError, Value};
