//! Stand-ins for tests: a port that keeps what it is told, and values in memory.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::{Context, Poll, Waker};

use crate::clock::Wall;
use crate::key_value::{KeyValue, KeyValueError};
use crate::messages::{Message, MessageError};
use crate::port::{Level, Port, TelemetryError, Value};

/// What a [`Recorder`] heard, and what it answers.
#[derive(Default)]
pub struct Heard {
    /// Log lines: severity, context, message.
    pub lines: Vec<(Level, String, String)>,
    /// Measurements that are numbers: name, unit, value.
    pub numbers: Vec<(String, String, f64)>,
    /// Measurements that are texts.
    pub texts: Vec<(String, String)>,
    /// Measurements that are truth values.
    pub truths: Vec<(String, bool)>,
    /// Limits that the guest was held to.
    pub breaches: Vec<(&'static str, u32)>,
    /// Messages that were published or asked.
    pub messages: Vec<Message>,
    /// Answers to requests, in the order of the requests; none: the request waits.
    pub answers: VecDeque<Result<Message, MessageError>>,
    /// The earliest time at which the guest wants to be polled again.
    pub wake_at: Option<u64>,
    /// The monotonic clock.
    pub now: u64,
    /// The time of day.
    pub wall: Option<Wall>,
    /// Who waits for an answer.
    pub waker: Option<Waker>,
    drawn: u8,
    tickets: u32,
}

/// A port whose random bytes are 1, 2, 3, ...
pub struct Recorder {
    heard: Rc<RefCell<Heard>>,
    values: Values,
}

impl Recorder {
    /// A port, and what it hears.
    pub fn new() -> (Self, Rc<RefCell<Heard>>) {
        let heard = Rc::new(RefCell::new(Heard::default()));
        let port = Self {
            heard: heard.clone(),
            values: Values::default(),
        };
        (port, heard)
    }
}

impl Port for Recorder {
    fn log(&mut self, level: Level, context: &str, message: &str) {
        let line = (level, context.to_owned(), message.to_owned());
        self.heard.borrow_mut().lines.push(line);
    }

    fn telemetry(
        &mut self,
        name: &str,
        unit: &str,
        value: Value<'_>,
    ) -> Result<(), TelemetryError> {
        let (mut heard, name) = (self.heard.borrow_mut(), name.to_owned());
        match value {
            Value::Number(number) => heard.numbers.push((name, unit.to_owned(), number)),
            Value::Text(text) => heard.texts.push((name, text.to_owned())),
            Value::Boolean(truth) => heard.truths.push((name, truth)),
        }
        Ok(())
    }

    fn breach(&mut self, limit: &'static str, value: u32) {
        self.heard.borrow_mut().breaches.push((limit, value));
    }

    fn now(&self) -> u64 {
        self.heard.borrow().now
    }

    fn wake_at(&mut self, at_ns: u64) {
        let mut heard = self.heard.borrow_mut();
        heard.wake_at = Some(heard.wake_at.map_or(at_ns, |earliest| earliest.min(at_ns)));
    }

    fn wall(&self) -> Option<Wall> {
        self.heard.borrow().wall
    }

    fn random(&mut self, bytes: &mut [u8]) {
        let mut heard = self.heard.borrow_mut();
        for byte in bytes {
            heard.drawn = heard.drawn.wrapping_add(1);
            *byte = heard.drawn;
        }
    }

    fn publish(&mut self, message: Message) -> Result<(), MessageError> {
        self.heard.borrow_mut().messages.push(message);
        Ok(())
    }

    fn request(&mut self, message: Message, _: u32) -> Result<u32, MessageError> {
        let mut heard = self.heard.borrow_mut();
        heard.messages.push(message);
        heard.tickets += 1;
        Ok(heard.tickets)
    }

    fn reply(&mut self, _: u32, context: &mut Context<'_>) -> Poll<Result<Message, MessageError>> {
        let mut heard = self.heard.borrow_mut();
        match heard.answers.pop_front() {
            Some(answer) => Poll::Ready(answer),
            None => {
                heard.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn key_value(&mut self) -> &mut dyn KeyValue {
        &mut self.values
    }
}

/// Values in memory; a bucket called `missing` is not there.
#[derive(Default)]
pub struct Values(BTreeMap<(String, String), Vec<u8>>);

fn known(bucket: &str) -> Result<(), KeyValueError> {
    if bucket == "missing" {
        return Err(KeyValueError::NoSuchStore);
    }
    Ok(())
}

impl KeyValue for Values {
    fn get(&mut self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        known(bucket)?;
        Ok(self.0.get(&(bucket.to_owned(), key.to_owned())).cloned())
    }

    fn set(&mut self, bucket: &str, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        known(bucket)?;
        self.0
            .insert((bucket.to_owned(), key.to_owned()), value.to_vec());
        Ok(())
    }

    fn delete(&mut self, bucket: &str, key: &str) -> Result<(), KeyValueError> {
        known(bucket)?;
        self.0.remove(&(bucket.to_owned(), key.to_owned()));
        Ok(())
    }

    fn keys(&mut self, bucket: &str, skip: u64, most: u64) -> Result<Vec<String>, KeyValueError> {
        known(bucket)?;
        Ok(self
            .0
            .keys()
            .filter(|(of, _)| of == bucket)
            .map(|(_, key)| key.clone())
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take(most as usize)
            .collect())
    }
}
