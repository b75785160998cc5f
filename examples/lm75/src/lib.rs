//! Reads an LM75 or one of its many relatives, the TMP105 among them, through the driver crate `lm75`.
//!
//! The driver knows `embedded_hal::i2c::I2c` alone; `petiole_guest::hal` is that trait over the host's buses.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};

use lm75::{Address, Lm75};
use petiole_guest::hal::Bus;
use petiole_guest::{Handler, telemetry};

struct Thermometer;

impl Handler for Thermometer {
    fn run() -> Result<(), String> {
        let bus = Bus::open("i2c-env").map_err(|_| "the bus i2c-env does not open".to_string())?;
        let celsius = Lm75::new(bus, Address::default())
            .read_temperature()
            .map_err(|_| "the sensor at 0x48 does not answer".to_string())?;
        telemetry::send_number("temperature", "Cel", celsius.into())
            .map_err(|_| "telemetry was refused".to_string())
    }
}

petiole_guest::component!(Thermometer);
