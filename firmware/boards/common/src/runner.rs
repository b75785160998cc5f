//! The workload manager's engine: petiole-host's [`GuestRunner`] over petiole-engine.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::task::{Context, Poll};

use petiole_engine::{Deployment, Engine};
use petiole_host::{Call, GuestRunner, LoadError, Run, Stop, StopKind, Usage};
use petiole_interfaces::{Config, Devices, Grants, Limits, Port};
use petiole_trust::{Component, Refusal, VerifiedCode};

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

    /// The grants, when the board has every label in them.
    fn grants(&self, component: &Component<'_>) -> Result<Grants, LoadError> {
        let mut grants = Grants::new();
        for grant in component.grants() {
            for label in grant.labels() {
                if self.devices.find(label).is_none() {
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

/// A guest and the call that it was asked for.
pub struct Guest {
    guest: petiole_engine::Guest,
    call: Option<Call>,
    fuel: u64,
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
        _: &Limits,
        _: &[&str],
    ) -> Result<(), LoadError> {
        let grants = self.grants(component)?;
        self.engine.check(&code, &grants).map_err(load_error)
    }

    fn load(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        port: Box<dyn Port>,
        _: &[(&str, &Guest)],
    ) -> Result<Guest, LoadError> {
        let mut config = Config::new();
        for (key, value) in component.config() {
            config.set(key, value);
        }
        let deployment = Deployment {
            grants: self.grants(component)?,
            limits: limits.clone(),
            config,
        };
        let guest = self
            .engine
            .load(code, deployment, port)
            .map_err(load_error)?;
        Ok(Guest {
            guest,
            call: None,
            fuel: 0,
        })
    }

    fn begin(&mut self, guest: &mut Guest, call: Call) {
        guest.call = Some(call);
    }

    fn poll(&mut self, guest: &mut Guest, _: &mut Context<'_>) -> Poll<Result<Run, Stop>> {
        if guest.call.take().is_none() {
            return Poll::Pending;
        }
        Poll::Ready(match guest.guest.run_handler() {
            Ok(outcome) => {
                guest.fuel = outcome.fuel;
                Ok(Run {
                    fuel: outcome.fuel,
                    error: outcome.result.err(),
                })
            }
            Err(error) => Err(stop(error, self.usage(guest))),
        })
    }

    fn usage(&self, guest: &Guest) -> Usage {
        Usage {
            fuel: guest.fuel,
            memory: guest.guest.memory() as u32,
            stack: 0,
        }
    }
}

fn load_error(error: petiole_engine::LoadError) -> LoadError {
    use petiole_engine::LoadError as Cause;
    let (refusal, detail) = match error {
        Cause::NotGranted(import) => (Refusal::NotGranted, import),
        Cause::UnknownImport(import) => (Refusal::Incompatible, import),
        Cause::Incompatible(text) => (Refusal::Incompatible, text),
        Cause::Memory(text) => (Refusal::OverLimit, text),
        Cause::Stopped(stop) => (Refusal::Incompatible, stop.to_string()),
    };
    LoadError { refusal, detail }
}

fn stop(stop: petiole_engine::Stop, usage: Usage) -> Stop {
    use petiole_engine::StopKind as Cause;
    let (kind, message) = match stop.kind {
        Cause::Trap(name) => (StopKind::Trap, String::from(name)),
        Cause::Fuel => (StopKind::Fuel, stop.message),
        Cause::Memory => (StopKind::Memory, stop.message),
        Cause::Error => (StopKind::Error, stop.message),
    };
    Stop {
        kind,
        message,
        function: None,
        pc: None,
        usage,
    }
}
