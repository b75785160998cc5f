//! The way of one guest's words into the event buffer, held to the guest's rates.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;

use petiole_interfaces::{Level, Limits, Port, TelemetryError, Value};

use crate::Board;
use crate::events::{Events, Field};

const MS_PER_HOUR: u64 = 3_600_000;
/// Names and units longer than this are refused, bytes.
const MAX_NAME: usize = 64;

/// What all guests share.
pub struct Shared {
    /// Events of this boot.
    pub events: RefCell<Events>,
    /// The board.
    pub board: &'static dyn Board,
}

impl Shared {
    /// Milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.board.now_ns() / 1_000_000
    }

    /// Keeps an event.
    pub fn emit(&self, kind: &str, fields: &[(&str, Field<'_>)]) {
        self.events.borrow_mut().push(self.now_ms(), kind, fields);
    }
}

/// Counts against an allowance that comes back whole after each period.
struct Window {
    allowance: u64,
    period_ms: u64,
    start_ms: u64,
    used: u64,
    reported: bool,
}

impl Window {
    const fn new(allowance: u64, period_ms: u64) -> Self {
        Self {
            allowance,
            period_ms,
            start_ms: 0,
            used: 0,
            reported: false,
        }
    }

    /// Takes `amount`. On refusal, says whether it is the first one of the period.
    fn take(&mut self, now_ms: u64, amount: u64) -> Result<(), bool> {
        if now_ms >= self.start_ms + self.period_ms {
            (self.start_ms, self.used, self.reported) = (now_ms, 0, false);
        }
        if self.used + amount > self.allowance {
            return Err(!core::mem::replace(&mut self.reported, true));
        }
        self.used += amount;
        Ok(())
    }
}

/// One guest's port.
pub struct GuestPort {
    shared: Rc<Shared>,
    workload: String,
    version: String,
    messages: Window,
    telemetry: Window,
}

impl GuestPort {
    /// The port of a guest of this workload and version.
    pub fn new(shared: Rc<Shared>, workload: &str, version: &str, limits: &Limits) -> Self {
        Self {
            shared,
            workload: workload.into(),
            version: version.into(),
            messages: Window::new(u64::from(limits.messages), 1_000),
            telemetry: Window::new(u64::from(limits.telemetry), MS_PER_HOUR),
        }
    }

    fn emit(&self, kind: &str, fields: &[(&str, Field<'_>)]) -> bool {
        let mut all = [("", Field::Boolean(false)); 6];
        all[0] = ("wl", Field::Text(&self.workload));
        all[1] = ("ver", Field::Text(&self.version));
        let count = 2 + fields.len();
        all[2..count].copy_from_slice(fields);
        self.shared
            .events
            .borrow_mut()
            .push_from_guest(self.shared.now_ms(), kind, &all[..count])
    }

    /// A breach of a limit, reported once a period.
    fn breached(&self, first: bool, limit: &str, value: u64) {
        if first {
            self.emit(
                "limit",
                &[("n", Field::Text(limit)), ("v", Field::Unsigned(value))],
            );
        }
    }

    fn take_message(&mut self) -> bool {
        match self.messages.take(self.shared.now_ms(), 1) {
            Ok(()) => true,
            Err(first) => {
                self.breached(first, "messages", self.messages.allowance);
                false
            }
        }
    }
}

impl Port for GuestPort {
    fn log(&mut self, level: Level, context: &str, message: &str) {
        if self.take_message() {
            let level = Field::Unsigned(level as u64);
            self.emit(
                "log",
                &[
                    ("lvl", level),
                    ("ctx", Field::Text(context)),
                    ("msg", Field::Text(message)),
                ],
            );
        }
    }

    fn telemetry(
        &mut self,
        name: &str,
        unit: &str,
        value: Value<'_>,
    ) -> Result<(), TelemetryError> {
        if !is_senml_name(name) || unit.len() > MAX_NAME {
            return Err(TelemetryError::Invalid);
        }
        let (field, size) = match value {
            Value::Number(number) if number.is_finite() => (Field::Number(number), 8),
            Value::Number(_) => return Err(TelemetryError::Invalid),
            Value::Text(text) => (Field::Text(text), text.len()),
            Value::Boolean(truth) => (Field::Boolean(truth), 1),
        };
        if !self.take_message() {
            return Err(TelemetryError::RateLimited);
        }
        let size = (name.len() + unit.len() + size) as u64;
        if let Err(first) = self.telemetry.take(self.shared.now_ms(), size) {
            self.breached(first, "telemetry", self.telemetry.allowance);
            return Err(TelemetryError::RateLimited);
        }
        let fields = [
            ("n", Field::Text(name)),
            ("u", Field::Text(unit)),
            ("v", field),
        ];
        if self.emit("telemetry", &fields) {
            Ok(())
        } else {
            Err(TelemetryError::Full)
        }
    }

    fn now(&self) -> u64 {
        self.shared.board.now_ns()
    }
}

/// RFC 8428, section 4.5.1: letters, digits and `-:./_`, beginning with a letter or digit.
fn is_senml_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAME
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-:./_".contains(byte))
}
