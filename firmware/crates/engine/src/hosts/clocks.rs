//! `wasi:clocks` and `petiole:clock/synchronization` over the guest's port.

use petiole_interfaces::clock::datetime;
use wasmtime::component::Resource;

use super::waits::Waiting;
use crate::bindings::petiole::clock::synchronization::{self, Accuracy};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::clocks::wall_clock::{self, Datetime};
use crate::state::{Handle, State};

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.port.now())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(self.port.resolution())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<Handle>> {
        Ok(self.waits.add(Waiting::Until(when)))
    }

    fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<Handle>> {
        let when = self.port.now().saturating_add(when);
        Ok(self.waits.add(Waiting::Until(when)))
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        let (seconds, nanoseconds) = datetime(self.port.wall(), self.port.now());
        Ok(Datetime {
            seconds,
            nanoseconds,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime {
            seconds: 0,
            nanoseconds: self.port.resolution() as u32,
        })
    }
}

impl synchronization::Host for State {
    fn status(&mut self) -> wasmtime::Result<Option<Accuracy>> {
        Ok(self.port.wall().map(|wall| Accuracy {
            uncertainty: wall.uncertainty_ns,
            age: wall.age_ns,
        }))
    }
}
