//! The way from one guest to the rest of the board.

use core::task::{Context, Poll};

use crate::clock::Wall;
use crate::key_value::KeyValue;
use crate::messages::{Message, MessageError};

/// Severity of a log line; the numbers are those of event field `lvl` (formats, section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Every step.
    Trace = 0,
    /// For whoever writes the component.
    Debug = 1,
    /// Normal and worth knowing.
    Info = 2,
    /// Odd, but the component goes on.
    Warn = 3,
    /// Something failed.
    Error = 4,
    /// The component cannot do its work.
    Critical = 5,
}

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number in the measurement's unit.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// A truth value.
    Boolean(bool),
}

/// Why a measurement was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TelemetryError {
    /// Name or unit break the rules of SenML (RFC 8428, section 4.5.1), or are too long.
    Invalid,
    /// The component sent more than its limit.
    RateLimited,
    /// The board keeps no more records for now.
    Full,
}

/// The way from one guest to the rest of the board. The workload manager makes one for each guest.
pub trait Port {
    /// Takes one log line. It may be dropped when the board's event buffer is full.
    fn log(&mut self, level: Level, context: &str, message: &str);

    /// Takes one measurement; `unit` is a name of the SenML units registry or empty.
    fn telemetry(&mut self, name: &str, unit: &str, value: Value<'_>)
    -> Result<(), TelemetryError>;

    /// Hears that the guest was held to a rate of its limits: the limit's name and value.
    fn breach(&mut self, _limit: &'static str, _value: u32) {}

    /// Nanoseconds since the board started; never goes back.
    fn now(&self) -> u64;

    /// Nanoseconds of one step of [`Port::now`].
    fn resolution(&self) -> u64 {
        1_000_000
    }

    /// Asks for the guest to be polled again at this time of [`Port::now`]; of several the earliest counts.
    fn wake_at(&mut self, at_ns: u64);

    /// The time of day, or None when it was never set.
    fn wall(&self) -> Option<Wall>;

    /// Fills `bytes` with what nobody can foretell.
    fn random(&mut self, bytes: &mut [u8]);

    /// Sends a message to whoever takes its subject: guests of this board and the fleet. Counts as one of the guest's messages.
    fn publish(&mut self, message: Message) -> Result<(), MessageError>;

    /// Sends a message with a `reply_to` of the port's choice ([`crate::messages::INBOX`]). The ticket is for [`Port::reply`].
    fn request(&mut self, message: Message, timeout_ms: u32) -> Result<u32, MessageError>;

    /// The answer to a request, or [`MessageError::Timeout`]. The ticket ends with either.
    fn reply(
        &mut self,
        ticket: u32,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, MessageError>>;

    /// The values that the guest's workload keeps.
    fn key_value(&mut self) -> &mut dyn KeyValue;
}
