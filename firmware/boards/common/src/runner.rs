//! The workload manager's engine: petiole-host's [`GuestRunner`] over petiole-engine.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::task::{Context, Poll, Waker};

use petiole_engine::{Deployment, Engine, Entry, Guest};
use petiole_host::{Call, GuestRunner, LoadError, Run, Stop, StopKind, Usage};
use petiole_interfaces::gpio::Edges;
use petiole_interfaces::{Config, Devices, Grants, Limits, Message, Port, Resource};
use petiole_trust::{Component, Refusal, Trigger, VerifiedCode};

use crate::Layout;

/// Runs guests on a board's devices.
pub struct Runner {
    engine: Engine,
    devices: Devices,
    labels: &'static [(&'static str, &'static str)],
    maximum: Limits,
}

impl Runner {
    /// A runner for the board's devices, which stand behind the layout's labels.
    pub fn new(layout: &Layout, devices: Devices) -> Self {
        Self {
            engine: Engine::new(devices),
            devices,
            labels: layout.labels,
            maximum: maximum(layout),
        }
    }

    fn deployment(
        &self,
        component: &Component<'_>,
        limits: &Limits,
    ) -> Result<Deployment, LoadError> {
        let mut config = Config::new();
        for (key, value) in component.config() {
            config.set(key, value);
        }
        Ok(Deployment {
            grants: self.grants(component)?,
            limits: limits.clone(),
            config,
            entries: component.triggers().map(entry).collect(),
        })
    }

    /// The grants, when the board has every device in them.
    fn grants(&self, component: &Component<'_>) -> Result<Grants, LoadError> {
        let mut grants = Grants::new();
        for grant in component.grants() {
            let of_device = DEVICES.iter().any(|name| grant.import().starts_with(name));
            for label in grant.labels() {
                if of_device && self.devices.find(label).is_none() {
                    let detail = String::from(label);
                    return Err(LoadError {
                        refusal: Refusal::NoSuchLabel,
                        detail,
                    });
                }
            }
            grants.allow(grant.import(), grant.labels());
        }
        Ok(grants)
    }
}

/// The interfaces whose labels stand for devices of the board.
const DEVICES: &[&str] = &["wasi:i2c/", "wasi:spi/", "wasi:gpio/"];

/// The export that a trigger calls.
fn entry(trigger: Trigger<'_>) -> Entry {
    match trigger {
        Trigger::Interval(_) | Trigger::Calendar { .. } | Trigger::Start => Entry::Schedule,
        Trigger::Edge { .. } => Entry::Edge,
        Trigger::Message(_) => Entry::Message,
        Trigger::Service => Entry::Service,
    }
}

/// What one component may have at most: half of the heap as linear memory, the rest as a multiple of the defaults.
fn maximum(layout: &Layout) -> Limits {
    let default = Limits::default();
    Limits {
        fuel: default.fuel * 100,
        memory: (layout.heap / 2) as u32,
        stack: default.stack * 4,
        host_call_bytes: default.host_call_bytes * 4,
        fuel_refill: default.fuel_refill * 100,
        handles: default.handles * 4,
        messages: default.messages * 10,
        telemetry: default.telemetry * 10,
        key_value: default.key_value,
    }
}

impl GuestRunner for Runner {
    type Guest = Guest;

    fn maximum(&self) -> Limits {
        self.maximum.clone()
    }

    fn labels(&self) -> &[(&'static str, &'static str)] {
        self.labels
    }

    fn check(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        peers: &[&str],
    ) -> Result<(), LoadError> {
        let deployment = self.deployment(component, limits)?;
        self.engine
            .check(&code, &deployment, peers)
            .map_err(load_error)
    }

    fn load(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        port: Box<dyn Port>,
        peers: &[(&str, &Guest)],
    ) -> Result<Guest, LoadError> {
        let deployment = self.deployment(component, limits)?;
        self.engine
            .load(code, deployment, port, peers)
            .map_err(load_error)
    }

    fn begin(&mut self, guest: &mut Guest, call: Call) {
        guest.begin(match call {
            Call::Run => petiole_engine::Call::Run,
            Call::Service => petiole_engine::Call::Service,
            Call::Edge { label, high } => petiole_engine::Call::Edge { label, high },
            Call::Message(message) => petiole_engine::Call::Message(Message {
                subject: message.subject,
                body: message.body,
                reply_to: message.reply_to,
            }),
        });
    }

    fn poll(&mut self, guest: &mut Guest, context: &mut Context<'_>) -> Poll<Result<Run, Stop>> {
        guest.poll(context).map(|result| match result {
            Ok(outcome) => Ok(Run {
                fuel: outcome.fuel,
                error: outcome.result.err(),
            }),
            Err(error) => Err(stop(error)),
        })
    }

    fn usage(&self, guest: &Guest) -> Usage {
        usage(guest.usage())
    }

    fn watch(&mut self, label: &str, waker: &Waker) -> Option<(Edges, bool)> {
        let (_, Resource::Input(input)) = self.devices.find(label)? else {
            return None;
        };
        let mut input = input.borrow_mut();
        let high = input.is_high().ok()?;
        input.wake_on_change(waker);
        Some((input.edges(), high))
    }
}

fn usage(usage: petiole_engine::Usage) -> Usage {
    Usage {
        fuel: usage.fuel,
        memory: usage.memory,
        stack: usage.stack,
    }
}

fn load_error(error: petiole_engine::LoadError) -> LoadError {
    use petiole_engine::LoadError as Cause;
    let (refusal, detail) = match error {
        Cause::NotGranted(import) => (Refusal::NotGranted, import),
        Cause::UnknownImport(import) => (Refusal::Incompatible, import),
        Cause::NoExport(interface) => (
            Refusal::Incompatible,
            ["the component exports no ", interface].concat(),
        ),
        Cause::Incompatible(text) => (Refusal::Incompatible, text),
        Cause::Memory(text) => (Refusal::OverLimit, text),
        Cause::Stopped(stop) => (Refusal::Incompatible, stop.to_string()),
    };
    LoadError { refusal, detail }
}

fn stop(stop: petiole_engine::Stop) -> Stop {
    use petiole_engine::StopKind as Cause;
    let (kind, message) = match stop.kind {
        Cause::Trap(name) => (StopKind::Trap, String::from(name)),
        Cause::Fuel => (StopKind::Fuel, stop.message),
        Cause::Memory => (StopKind::Memory, stop.message),
        Cause::Error => (StopKind::Error, stop.message),
        limit => (StopKind::Limit(limit.label()), stop.message),
    };
    Stop {
        kind,
        message,
        function: stop.function,
        pc: stop.pc,
        usage: usage(stop.usage),
    }
}
