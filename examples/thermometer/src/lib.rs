//! Reads a TMP105 temperature sensor and sends what it reads.
//!
//! Label `i2c-env` is the bus, config `samples` how many readings make one value (1 to 16).
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};

use petiole_guest::i2c::{ErrorCode, I2c};
use petiole_guest::{Handler, Level, buses, config, log, telemetry};

const LABEL: &str = "i2c-env";
/// The sensor's address with its address pins low.
const ADDRESS: u16 = 0x48;
/// Its temperature register: two bytes, 1/256 degrees Celsius, the highest first.
const TEMPERATURE: u8 = 0;

struct Thermometer;

impl Handler for Thermometer {
    fn run() -> Result<(), String> {
        #[cfg(feature = "trap-on-tenth-call")]
        mistake::count_call();

        let bus = buses::open(LABEL).map_err(|_| "the bus i2c-env does not open".to_string())?;
        let samples = samples();
        let mut sum = 0;
        for _ in 0..samples {
            sum += read(&bus).map_err(|_| "the sensor at 0x48 does not answer".to_string())?;
        }
        let celsius = f64::from(sum) / f64::from(samples * 256);

        #[cfg(feature = "kelvin")]
        let (unit, value) = ("K", celsius + 273.15);
        #[cfg(not(feature = "kelvin"))]
        let (unit, value) = ("Cel", celsius);
        telemetry::send_number("temperature", unit, value)
            .map_err(|_| "telemetry was refused".to_string())?;
        log(Level::Debug, "thermometer", "sent one value");
        Ok(())
    }
}

/// One reading, in 1/256 degrees Celsius.
fn read(bus: &I2c) -> Result<i32, ErrorCode> {
    match bus.write_read(ADDRESS, &[TEMPERATURE], 2)?[..] {
        [high, low] => Ok(i16::from_be_bytes([high, low]).into()),
        _ => Err(ErrorCode::Other),
    }
}

/// Readings for one value, from the workload's config.
fn samples() -> i32 {
    match config::get("samples") {
        Ok(Some(text)) => text.parse().unwrap_or(1).clamp(1, 16),
        _ => 1,
    }
}

/// What is wrong with release 3.
#[cfg(feature = "trap-on-tenth-call")]
mod mistake {
    use core::sync::atomic::{AtomicU32, Ordering};

    static CALLS: AtomicU32 = AtomicU32::new(0);

    /// Counts to ten and stumbles.
    pub fn count_call() {
        let calls = CALLS.load(Ordering::Relaxed) + 1;
        CALLS.store(calls, Ordering::Relaxed);
        assert!(calls < 10);
    }
}

petiole_guest::component!(Thermometer);
