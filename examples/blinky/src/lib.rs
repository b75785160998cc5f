//! Toggles a light: the pin under label `led`.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};

use petiole_guest::{Handler, Level, digital, log, telemetry};

const LABEL: &str = "led";

struct Blinky;

impl Handler for Blinky {
    fn run() -> Result<(), String> {
        let light = digital::open_stateful_output(LABEL)
            .map_err(|_| "the pin led does not open".to_string())?;
        light
            .toggle()
            .map_err(|_| "the pin led cannot be driven".to_string())?;
        let on = light.is_set_high().unwrap_or(false);
        log(Level::Debug, "blinky", if on { "on" } else { "off" });
        telemetry::send_boolean("light", on).map_err(|_| "telemetry was refused".to_string())
    }
}

petiole_guest::component!(Blinky);
