//! Guests without an engine: a script in place of compiled code.
//!
//! The script ends at the first NUL. Its words: `garbage` does not load; `needs:IMPORT` imports; `trap:N`, `fuel:N` and `memory:N`
//! stop in call N; `error` fails in each call. Each good call logs and sends the measurement `count`.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use petiole_host::{Call, GuestRunner, LoadError, Run, Stop, StopKind, Usage};
use petiole_interfaces::{Level, Limits, Port, Value};
use petiole_trust::{Component, Refusal, VerifiedCode};

/// Address ranges of code that runs: flash that is simulated does not let them change.
pub type Pinned = Rc<RefCell<Vec<(usize, usize)>>>;

pub struct ScriptRunner {
    pub pinned: Pinned,
    pub labels: Vec<(&'static str, &'static str)>,
}

pub struct Script {
    words: Vec<String>,
    calls: u64,
    call: Option<Call>,
    port: Box<dyn Port>,
    pinned: Pinned,
    range: (usize, usize),
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
        _: &Limits,
        port: Box<dyn Port>,
        _: &[(&str, &Script)],
    ) -> Result<Script, LoadError> {
        let words = words(&code, component)?;
        let range = code.bytes().as_ptr_range();
        let range = (range.start as usize, range.end as usize);
        self.pinned.borrow_mut().push(range);
        Ok(Script {
            words,
            calls: 0,
            call: None,
            port,
            pinned: self.pinned.clone(),
            range,
        })
    }

    fn begin(&mut self, guest: &mut Script, call: Call) {
        guest.call = Some(call);
    }

    fn poll(&mut self, guest: &mut Script, _: &mut Context<'_>) -> Poll<Result<Run, Stop>> {
        match guest.call.take() {
            Some(_) => Poll::Ready(guest.run()),
            None => Poll::Pending,
        }
    }

    fn usage(&self, _: &Script) -> Usage {
        Usage {
            fuel: FUEL,
            ..Usage::default()
        }
    }
}

/// Fuel of a call.
const FUEL: u64 = 1_000;

impl Script {
    fn run(&mut self) -> Result<Run, Stop> {
        self.calls += 1;
        for word in &self.words {
            let (name, call) = word.split_once(':').unwrap_or((word, ""));
            let kind = match name {
                "trap" => StopKind::Trap,
                "fuel" => StopKind::Fuel,
                "memory" => StopKind::Memory,
                _ => continue,
            };
            if call.parse() == Ok(self.calls) {
                return Err(Stop {
                    kind,
                    message: "as the script says".into(),
                    function: None,
                    pc: None,
                    usage: Usage {
                        fuel: FUEL,
                        ..Usage::default()
                    },
                });
            }
        }
        if self.words.iter().any(|word| word == "error") {
            return Ok(Run {
                fuel: FUEL,
                error: Some("as the script says".into()),
            });
        }
        self.port.log(Level::Info, "script", "a call");
        // A full buffer is no reason to fail.
        let _ = self
            .port
            .telemetry("count", "1", Value::Number(self.calls as f64));
        Ok(Run {
            fuel: FUEL,
            error: None,
        })
    }
}
