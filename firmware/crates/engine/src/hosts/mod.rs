//! Adapts `petiole-interfaces` to the generated traits, one module an interface.

mod config;
mod gpio;
mod i2c;
mod plain;
