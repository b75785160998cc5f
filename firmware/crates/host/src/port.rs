//! The way of one guest's words into the event buffer, held to the guest's message rate.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll};

use petiole_interfaces::meter::Meter;
use petiole_interfaces::{
    KeyValue, KeyValueError, Level, Limits, Message, MessageError, Port, TelemetryError, Value, Wall,
};

use crate::Board;
use crate::events::{Events, Field};

const SECOND_NS: u64 = 1_000_000_000;
/// The same breach is not said again for this time, milliseconds.
const BREACH_PAUSE_MS: u64 = 60_000;

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

    /// Keeps a log line of the board's own.
    pub fn log(&self, level: Level, context: &str, message: &str) {
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

/// One guest's port.
pub struct GuestPort {
    shared: Rc<Shared>,
    workload: String,
    version: String,
    messages: Meter,
    /// The breach that was said last, and when, milliseconds.
    breach: Option<(&'static str, u64)>,
    values: NoValues,
}

impl GuestPort {
    /// The port of a guest of this workload and version.
    pub fn new(shared: Rc<Shared>, workload: &str, version: &str, limits: &Limits) -> Self {
        let messages = Meter::new(limits.messages, SECOND_NS, shared.board.now_ns());
        Self {
            shared,
            workload: workload.into(),
            version: version.into(),
            messages,
            breach: None,
            values: NoValues,
        }
    }

    fn emit(&self, kind: &str, fields: &[(&str, Field<'_>)]) -> bool {
        let mut all = [("", Field::Boolean(false)); 6];
        all[0] = ("wl", Field::Text(&self.workload));
        all[1] = ("ver", Field::Text(&self.version));
        let count = 2 + fields.len();
        all[2..count].copy_from_slice(fields);
        let now_ms = self.shared.now_ms();
        self.shared
            .events
            .borrow_mut()
            .push_from_guest(now_ms, kind, &all[..count])
    }

    /// Counts a message.
    fn take_message(&mut self) -> bool {
        let allowed = self.messages.take(1, self.shared.board.now_ns());
        if !allowed {
            self.breach("messages-per-second", self.messages.most());
        }
        allowed
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
        if !self.take_message() {
            return Err(TelemetryError::RateLimited);
        }
        let value = match value {
            Value::Number(number) => Field::Number(number),
            Value::Text(text) => Field::Text(text),
            Value::Boolean(truth) => Field::Boolean(truth),
        };
        let fields = [
            ("n", Field::Text(name)),
            ("u", Field::Text(unit)),
            ("v", value),
        ];
        if self.emit("telemetry", &fields) {
            Ok(())
        } else {
            Err(TelemetryError::Full)
        }
    }

    fn breach(&mut self, limit: &'static str, value: u32) {
        let now_ms = self.shared.now_ms();
        let known = |(said, at)| said == limit && now_ms < at + BREACH_PAUSE_MS;
        if !self.breach.is_some_and(known) {
            self.emit(
                "limit",
                &[
                    ("n", Field::Text(limit)),
                    ("v", Field::Unsigned(u64::from(value))),
                ],
            );
            self.breach = Some((limit, now_ms));
        }
    }

    fn now(&self) -> u64 {
        self.shared.board.now_ns()
    }

    fn wake_at(&mut self, _: u64) {}

    fn wall(&self) -> Option<Wall> {
        None
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn publish(&mut self, _: Message) -> Result<(), MessageError> {
        Err(MessageError::Full)
    }

    fn request(&mut self, _: Message, _: u32) -> Result<u32, MessageError> {
        Err(MessageError::Full)
    }

    fn reply(&mut self, _: u32, _: &mut Context<'_>) -> Poll<Result<Message, MessageError>> {
        Poll::Ready(Err(MessageError::Timeout))
    }

    fn key_value(&mut self) -> &mut dyn KeyValue {
        &mut self.values
    }
}

/// No values at all.
struct NoValues;

impl KeyValue for NoValues {
    fn get(&mut self, _: &str, _: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        Err(KeyValueError::NoSuchStore)
    }

    fn set(&mut self, _: &str, _: &str, _: &[u8]) -> Result<(), KeyValueError> {
        Err(KeyValueError::NoSuchStore)
    }

    fn delete(&mut self, _: &str, _: &str) -> Result<(), KeyValueError> {
        Err(KeyValueError::NoSuchStore)
    }

    fn keys(&mut self, _: &str, _: u64, _: u64) -> Result<Vec<String>, KeyValueError> {
        Err(KeyValueError::NoSuchStore)
    }
}
