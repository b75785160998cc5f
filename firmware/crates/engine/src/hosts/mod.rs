//! Adapts `petiole-interfaces` to the generated traits, one module an interface.

mod clocks;
mod config;
mod edges;
mod gpio;
mod i2c;
mod key_value;
mod messages;
mod plain;
mod pwm;
mod random;
mod spi;
mod waits;

pub use waits::Waits;
