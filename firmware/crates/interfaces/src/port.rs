//! Where a guest's words go.

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
}
