//! A descriptor's limits against what the board has.

use petiole_interfaces::Limits;
use petiole_trust::{Limits as Asked, Refusal};

use crate::error::Refused;

/// The limits asked for.
///
/// # Errors
/// [`Refusal::OverLimit`] with the name of the first limit that is higher than the board's.
pub fn bounded(asked: &Asked, board: &Limits) -> Result<Limits, Refused> {
    Ok(Limits {
        fuel: at_most("fuel-per-call", asked.fuel, board.fuel)?,
        memory: at_most("memory", asked.memory, board.memory)?,
        stack: at_most("stack", asked.stack, board.stack)?,
        host_call_bytes: at_most(
            "host-call-bytes",
            asked.host_call_bytes,
            board.host_call_bytes,
        )?,
        fuel_refill: at_most("fuel-per-second", asked.fuel_refill, board.fuel_refill)?,
        handles: at_most("handles", asked.handles, board.handles)?,
        messages: at_most("messages-per-second", asked.messages, board.messages)?,
        telemetry: at_most("telemetry-bytes-per-hour", asked.telemetry, board.telemetry)?,
        key_value: at_most("key-value-bytes", asked.key_value, board.key_value)?,
    })
}

fn at_most<T: Copy + Into<u64> + TryFrom<u64>>(
    name: &'static str,
    asked: u64,
    board: T,
) -> Result<T, Refused> {
    match T::try_from(asked) {
        Ok(value) if asked <= board.into() => Ok(value),
        _ => Err(Refused::new(Refusal::OverLimit, name)),
    }
}
