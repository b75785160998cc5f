//! The way from one guest to the rest of the board, held to the guest's message rate.

use alloc::rc::Rc;
use core::cell::Cell;
use core::task::{Context, Poll};

use petiole_interfaces::meter::Meter;
use petiole_interfaces::{
    KeyValue, Level, Limits, Message, MessageError, Port, TelemetryError, Value, Wall,
};

use crate::breaches::Breaches;
use crate::events::Field;
use crate::member::Origin;
use crate::shared::Shared;

const SECOND_NS: u64 = 1_000_000_000;
/// Longest body of a message, bytes: with subjects and the rest it fits one SMP message.
pub const LONGEST_BODY: usize = 1_024;

/// One guest's port.
pub struct GuestPort<V> {
    shared: Rc<Shared>,
    origin: Rc<Origin>,
    /// Tells the guest's requests from those of others.
    number: u32,
    messages: Meter,
    breaches: Breaches,
    /// When the guest wants to be polled again, nanoseconds.
    alarm: Rc<Cell<u64>>,
    values: V,
}

impl<V> GuestPort<V> {
    /// The port of a guest.
    pub fn new(
        shared: Rc<Shared>,
        origin: Rc<Origin>,
        alarm: Rc<Cell<u64>>,
        limits: &Limits,
        values: V,
    ) -> Self {
        let messages = Meter::new(limits.messages, SECOND_NS, shared.board.now_ns());
        let number = shared.next_port();
        Self {
            shared,
            origin,
            number,
            messages,
            breaches: Breaches::default(),
            alarm,
            values,
        }
    }

    fn emit(&self, kind: &str, fields: &[(&str, Field<'_>)]) -> bool {
        let mut all = [("", Field::Boolean(false)); 6];
        all[0] = ("wl", Field::Text(&self.origin.workload));
        all[1] = ("ver", Field::Text(&self.origin.version));
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
            self.tell_breach("messages-per-second", self.messages.most());
        }
        allowed
    }

    fn tell_breach(&mut self, limit: &'static str, value: u32) {
        if self.breaches.tell(limit, self.shared.now_ms()) {
            self.shared
                .emit_limit(&self.origin, limit, u64::from(value));
        }
    }

    fn check(&mut self, message: &Message) -> Result<(), MessageError> {
        if message.body.len() > LONGEST_BODY {
            return Err(MessageError::TooLong);
        }
        if self.take_message() {
            Ok(())
        } else {
            Err(MessageError::RateLimited)
        }
    }
}

impl<V> Drop for GuestPort<V> {
    fn drop(&mut self) {
        self.shared.mail.borrow_mut().close(self.number);
    }
}

impl<V: KeyValue> Port for GuestPort<V> {
    fn log(&mut self, level: Level, context: &str, message: &str) {
        if level >= self.shared.level.get() && self.take_message() {
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
        self.tell_breach(limit, value);
    }

    fn now(&self) -> u64 {
        self.shared.board.now_ns()
    }

    fn wake_at(&mut self, at_ns: u64) {
        self.alarm.set(self.alarm.get().min(at_ns));
    }

    fn wall(&self) -> Option<Wall> {
        self.shared.clock.wall(self.shared.board.now_ns())
    }

    fn random(&mut self, bytes: &mut [u8]) {
        self.shared.random(bytes);
    }

    fn publish(&mut self, message: Message) -> Result<(), MessageError> {
        self.check(&message)?;
        self.shared.mail.borrow_mut().send(&self.origin, message)
    }

    fn request(&mut self, message: Message, timeout_ms: u32) -> Result<u32, MessageError> {
        self.check(&message)?;
        let now_ms = self.shared.board.now_ns().div_ceil(1_000_000);
        let deadline_ms = now_ms.saturating_add(u64::from(timeout_ms));
        let mut mail = self.shared.mail.borrow_mut();
        mail.request(self.number, &self.origin, message, deadline_ms)
    }

    fn reply(
        &mut self,
        ticket: u32,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, MessageError>> {
        let now_ms = self.shared.now_ms();
        let mut mail = self.shared.mail.borrow_mut();
        mail.poll(self.number, ticket, now_ms, context)
    }

    fn key_value(&mut self) -> &mut dyn KeyValue {
        &mut self.values
    }
}
