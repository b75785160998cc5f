//! What `petiole:telemetry` takes: names and units that SenML allows, within the component's limit.

use crate::meter::Meter;
use crate::{Limits, Port, TelemetryError, Value};

/// The longest name or unit, bytes.
pub const LONGEST_NAME: usize = 32;
/// The longest text value, bytes.
pub const LONGEST_TEXT: usize = 256;
/// What a record costs besides its texts: field labels, time and number.
const OVERHEAD: usize = 32;
const HOUR: u64 = 3_600 * 1_000_000_000;

/// The meter for a component's telemetry bytes an hour.
pub fn meter(limits: &Limits, now: u64) -> Meter {
    Meter::new(limits.telemetry, HOUR, now)
}

/// Checks one measurement, counts it and passes it on to the port.
pub fn send(
    port: &mut dyn Port,
    meter: &mut Meter,
    name: &str,
    unit: &str,
    value: Value<'_>,
) -> Result<(), TelemetryError> {
    let text = match value {
        Value::Text(text) => text.len(),
        Value::Number(number) if !number.is_finite() => return Err(TelemetryError::Invalid),
        _ => 0,
    };
    let unit_fits = unit.len() <= LONGEST_NAME && unit.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_name(name) || !unit_fits || text > LONGEST_TEXT {
        return Err(TelemetryError::Invalid);
    }
    let cost = (OVERHEAD + name.len() + unit.len() + text) as u32;
    if !meter.take(cost, port.now()) {
        port.breach("telemetry-bytes-per-hour", meter.most());
        return Err(TelemetryError::RateLimited);
    }
    port.telemetry(name, unit, value)
}

/// RFC 8428, section 4.5.1: letters, digits and `-:._/`, the first one a letter or digit.
fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=LONGEST_NAME).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-:._/".contains(byte))
}

#[cfg(test)]
mod tests;
