//! Guests without an engine: a script in place of compiled code.
//!
//! The script ends at the first NUL. Words that say what it is: `garbage` does not load; `needs:IMPORT` imports. Each call
//! does its other words one after the other:
//!
//! | Word | What it does |
//! |---|---|
//! | `trap:N`, `fuel:N`, `memory:N`, `stack:N`, `handles:N`, `host-call-bytes:N` | stops in call N |
//! | `error` | fails |
//! | `spin:N` | computes for N slices of [`SLICE_FUEL`] |
//! | `sleep:MS` | waits |
//! | `publish:SUBJECT:BODY`, `ask:SUBJECT:MS` | sends a message; sends one, waits for the answer and logs it |
//! | `answer` | answers the message that it is called for with `re:` and its body |
//! | `set:KEY:BYTES`, `get:KEY` | keeps so many bytes in bucket `b`; logs how many there are |
//! | `count:N` | sends N measurements |
//! | `as:NAME` | nothing; its [`Pace`] is kept under this name |
//! | `quiet` | ends without the log line and the measurement `count` that each good call has otherwise |
//!
//! A call for a message or an edge logs it first. A service that has done all its words waits for ever, or does them again when
//! one of them is `again`; it ends with `end`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use nor_simulator::Pinned;
use petiole_host::{Call, GuestRunner, LoadError, Run, Stop, StopKind, Usage};
use petiole_interfaces::gpio::Edges;
use petiole_interfaces::meter::Meter;
use petiole_interfaces::{Level, Limits, Message, Port, Value, telemetry};
use petiole_trust::{Component, Refusal, VerifiedCode};

/// Fuel of a slice, and of a call that only says something.
pub const SLICE_FUEL: u64 = 1_000;

/// An input and who waits for its changes.
#[derive(Default)]
pub struct Input {
    pub edges: Edges,
    pub high: bool,
    pub waker: Option<Waker>,
}

/// What a guest got of the board's time.
#[derive(Default, Clone)]
pub struct Pace {
    loaded: u64,
    /// When its calls began, nanoseconds after it was loaded.
    pub begins: Vec<u64>,
    /// How often it was polled in a call.
    pub slices: u64,
}

/// Paces by name.
pub type Paces = Rc<RefCell<BTreeMap<String, Pace>>>;

pub struct ScriptRunner {
    pub pinned: Pinned,
    pub labels: Vec<(&'static str, &'static str)>,
    /// Lets the time of one slice pass.
    pub spend: fn(),
    pub input: Rc<RefCell<Input>>,
    pub paces: Paces,
}

pub struct Script {
    words: Vec<String>,
    calls: u64,
    fuel: u64,
    call: Option<Call>,
    /// The word that the call has come to, and how far it is with it.
    at: usize,
    progress: u64,
    /// Fuel that was used when the call began.
    before: u64,
    port: Box<dyn Port>,
    pinned: Pinned,
    range: (usize, usize),
    spend: fn(),
    meter: Meter,
    name: String,
    paces: Paces,
}

impl Drop for Script {
    fn drop(&mut self) {
        let mut pinned = self.pinned.borrow_mut();
        if let Some(at) = pinned.iter().position(|range| *range == self.range) {
            pinned.swap_remove(at);
        }
    }
}

fn words(code: &VerifiedCode, component: &Component<'_>) -> Result<Vec<String>, LoadError> {
    let bytes = code.bytes();
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    let words: Vec<String> = text.split_whitespace().map(String::from).collect();
    for word in &words {
        if word == "garbage" {
            return Err(LoadError {
                refusal: Refusal::Incompatible,
                detail: "no artifact".into(),
            });
        }
        if let Some(import) = word.strip_prefix("needs:")
            && !component.grants().any(|grant| grant.import() == import)
        {
            return Err(LoadError {
                refusal: Refusal::NotGranted,
                detail: import.into(),
            });
        }
    }
    Ok(words)
}

impl GuestRunner for ScriptRunner {
    type Guest = Script;

    fn maximum(&self) -> Limits {
        Limits {
            fuel: 10_000_000,
            fuel_refill: 10_000_000,
            messages: 100,
            ..Limits::default()
        }
    }

    fn labels(&self) -> &[(&'static str, &'static str)] {
        &self.labels
    }

    fn check(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        _: &Limits,
        _: &[&str],
    ) -> Result<(), LoadError> {
        words(&code, component).map(drop)
    }

    fn load(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        mut port: Box<dyn Port>,
        peers: &[(&str, &Script)],
    ) -> Result<Script, LoadError> {
        let words = words(&code, component)?;
        let range = code.bytes().as_ptr_range();
        let range = (range.start as usize, range.end as usize);
        self.pinned.borrow_mut().push(range);
        if !peers.is_empty() {
            let names: Vec<_> = peers.iter().map(|(name, _)| *name).collect();
            port.log(Level::Debug, "peers", &names.join(" "));
        }
        let name = words.iter().find_map(|word| word.strip_prefix("as:"));
        let name = String::from(name.unwrap_or_default());
        let pace = Pace {
            loaded: port.now(),
            ..Pace::default()
        };
        self.paces.borrow_mut().insert(name.clone(), pace);
        Ok(Script {
            words,
            name,
            paces: self.paces.clone(),
            meter: telemetry::meter(limits, port.now()),
            calls: 0,
            fuel: 0,
            call: None,
            at: 0,
            progress: 0,
            before: 0,
            port,
            pinned: self.pinned.clone(),
            range,
            spend: self.spend,
        })
    }

    fn begin(&mut self, guest: &mut Script, call: Call) {
        guest.calls += 1;
        let now = guest.port.now();
        guest.pace(|pace| pace.begins.push(now - pace.loaded));
        (guest.at, guest.progress, guest.before) = (0, 0, guest.fuel);
        match &call {
            Call::Message(Message { subject, body, .. }) => {
                let text = format!("{subject} {}", String::from_utf8_lossy(body));
                guest.port.log(Level::Info, "message", &text);
            }
            Call::Edge { label, high } => {
                guest
                    .port
                    .log(Level::Info, "edge", &format!("{label} {high}"));
            }
            Call::Run | Call::Service => {}
        }
        guest.call = Some(call);
    }

    fn poll(&mut self, guest: &mut Script, context: &mut Context<'_>) -> Poll<Result<Run, Stop>> {
        let Some(call) = guest.call.take() else {
            return Poll::Pending;
        };
        guest.pace(|pace| pace.slices += 1);
        let result = guest.go_on(&call, context);
        if result.is_pending() {
            guest.call = Some(call);
        }
        result
    }

    fn usage(&self, guest: &Script) -> Usage {
        Usage {
            fuel: guest.fuel,
            memory: 65_536,
            stack: 512,
        }
    }

    fn watch(&mut self, label: &str, waker: &Waker) -> Option<(Edges, bool)> {
        let mut input = self.input.borrow_mut();
        input.waker = Some(waker.clone());
        (label == "button").then_some((input.edges, input.high))
    }
}

impl Script {
    fn pace(&self, note: impl FnOnce(&mut Pace)) {
        self.paces.borrow_mut().get_mut(&self.name).map(note);
    }

    fn go_on(&mut self, call: &Call, context: &mut Context<'_>) -> Poll<Result<Run, Stop>> {
        while let Some(word) = self.words.get(self.at).cloned() {
            let mut parts = word.splitn(3, ':');
            let name = parts.next().unwrap_or_default();
            let (first, second) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let number: u64 = first.parse().unwrap_or_default();
            let stops = match name {
                "trap" => Some(StopKind::Trap),
                "fuel" => Some(StopKind::Fuel),
                "memory" => Some(StopKind::Memory),
                "stack" => Some(StopKind::Limit("stack")),
                "handles" => Some(StopKind::Limit("handles")),
                "host-call-bytes" => Some(StopKind::Limit("host-call-bytes")),
                _ => None,
            };
            match name {
                _ if stops.is_some() => {
                    if let Some(kind) = stops.filter(|_| number == self.calls) {
                        self.fuel += SLICE_FUEL;
                        return Poll::Ready(Err(self.stop(kind)));
                    }
                }
                "error" => return self.finish(Some("as the script says")),
                "spin" if self.progress < number => {
                    self.progress += 1;
                    self.fuel += SLICE_FUEL;
                    (self.spend)();
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                "sleep" => {
                    let now = self.port.now();
                    if self.progress == 0 {
                        self.progress = now + number * 1_000_000;
                    }
                    if now < self.progress {
                        self.port.wake_at(self.progress);
                        return Poll::Pending;
                    }
                }
                "publish" => self.publish(first, second.as_bytes()),
                "ask" => {
                    if self.progress == 0 {
                        let message = message(first, b"?");
                        let ticket = self.port.request(message, second.parse().unwrap_or(100));
                        self.progress = u64::from(ticket.expect("there is room for a request"));
                    }
                    let Poll::Ready(reply) = self.port.reply(self.progress as u32, context) else {
                        return Poll::Pending;
                    };
                    let text = match reply {
                        Ok(reply) => String::from_utf8_lossy(&reply.body).into_owned(),
                        Err(error) => error.text().into(),
                    };
                    self.port.log(Level::Info, "reply", &text);
                }
                "answer" => {
                    if let Call::Message(message) = call
                        && let Some(to) = &message.reply_to
                    {
                        self.publish(to, &[b"re:", &message.body[..]].concat());
                    }
                }
                "set" => {
                    let value = vec![7; second.parse().unwrap_or_default()];
                    if let Err(error) = self.port.key_value().set("b", first, &value) {
                        self.port.log(Level::Warn, "set", &format!("{error:?}"));
                    }
                }
                "get" => {
                    let value = self.port.key_value().get("b", first).unwrap();
                    let text = value.map_or("none".into(), |value| value.len().to_string());
                    self.port.log(Level::Info, "get", &text);
                }
                "count" => self.measure(number),
                "quiet" | "end" => return self.finish(None),
                "again" => {
                    (self.at, self.progress) = (0, 0);
                    continue;
                }
                _ => {}
            }
            (self.at, self.progress) = (self.at + 1, 0);
        }
        if *call == Call::Service {
            return Poll::Pending;
        }
        self.port.log(Level::Info, "script", "a call");
        self.measure(1);
        self.finish(None)
    }

    fn publish(&mut self, subject: &str, body: &[u8]) {
        if let Err(error) = self.port.publish(message(subject, body)) {
            self.port.log(Level::Warn, "publish", error.text());
        }
    }

    fn measure(&mut self, times: u64) {
        for _ in 0..times {
            let value = Value::Number(self.calls as f64);
            // A full buffer is no reason to fail.
            let _ = telemetry::send(&mut *self.port, &mut self.meter, "count", "1", value);
        }
    }

    fn finish(&mut self, error: Option<&str>) -> Poll<Result<Run, Stop>> {
        self.fuel += SLICE_FUEL;
        Poll::Ready(Ok(Run {
            fuel: self.fuel - self.before,
            error: error.map(String::from),
        }))
    }

    fn stop(&self, kind: StopKind) -> Stop {
        Stop {
            kind,
            message: "as the script says".into(),
            function: Some(3),
            pc: Some(0x123),
            usage: Usage {
                fuel: self.fuel,
                memory: 65_536,
                stack: 512,
            },
        }
    }
}

fn message(subject: &str, body: &[u8]) -> Message {
    Message {
        subject: subject.into(),
        body: body.into(),
        reply_to: None,
    }
}
