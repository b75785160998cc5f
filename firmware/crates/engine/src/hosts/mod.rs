//! Adapts `petiole-interfaces` to the generated traits, one module an interface, and lists what each interface consists of.

pub mod clocks;
pub mod config;
pub mod edges;
pub mod gpio;
pub mod i2c;
pub mod item;
pub mod key_value;
pub mod messages;
pub mod plain;
pub mod pwm;
pub mod random;
pub mod spi;
pub mod waits;

pub use item::Item;
pub use waits::Waits;
