//! Reads a TMP105, lets the workload's other component smooth the readings, and sends what comes back.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};

#[allow(missing_docs)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "petiole:example/consumer" });
}

use bindings::petiole::example::filter;
use petiole_guest::{Handler, buses, telemetry};

const LABEL: &str = "i2c-env";
/// The sensor's address, and its temperature register: two bytes, 1/256 degrees Celsius.
const ADDRESS: u16 = 0x48;
const TEMPERATURE: u8 = 0;

struct Reader;

impl Handler for Reader {
    fn run() -> Result<(), String> {
        let bus = buses::open(LABEL).map_err(|_| "the bus i2c-env does not open".to_string())?;
        let bytes = bus
            .write_read(ADDRESS, &[TEMPERATURE], 2)
            .map_err(|_| "the sensor at 0x48 does not answer".to_string())?;
        let [high, low] = bytes[..] else {
            return Err("the sensor answers too little".to_string());
        };
        let celsius = f64::from(i16::from_be_bytes([high, low])) / 256.0;
        let summary =
            filter::add(celsius).map_err(|_| "the filter refuses the reading".to_string())?;
        for (name, value) in [
            ("temperature", summary.mean),
            ("temperature-lowest", summary.lowest),
            ("temperature-highest", summary.highest),
        ] {
            telemetry::send_number(name, "Cel", value)
                .map_err(|_| "telemetry was refused".to_string())?;
        }
        Ok(())
    }
}

petiole_guest::component!(Reader);
