//! `wasi:clocks` and `petiole:clock/synchronization` over the guest's port.

use petiole_interfaces::clock::datetime;
use wasmtime::component::Resource;

use super::item::{Item, answer};
use super::waits::Waiting;
use crate::bindings::petiole::clock::synchronization::{self, Accuracy};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::clocks::wall_clock::{self, Datetime};
use crate::state::{Handle, State};
use crate::value::Value;

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

impl From<Datetime> for Value {
    fn from(time: Datetime) -> Self {
        Self::many([time.seconds.into(), time.nanoseconds.into()])
    }
}

impl From<Accuracy> for Value {
    fn from(accuracy: Accuracy) -> Self {
        Self::many([accuracy.uncertainty.into(), accuracy.age.into()])
    }
}

pub const MONOTONIC: &[Item] = &[
    Item::Function("now", 0, |state, _| {
        answer(monotonic_clock::Host::now(state))
    }),
    Item::Function("resolution", 0, |state, _| {
        answer(monotonic_clock::Host::resolution(state))
    }),
    Item::Function("subscribe-instant", 1, |state, call| {
        answer(monotonic_clock::Host::subscribe_instant(
            state,
            call.number()?,
        ))
    }),
    Item::Function("subscribe-duration", 1, |state, call| {
        answer(monotonic_clock::Host::subscribe_duration(
            state,
            call.number()?,
        ))
    }),
];

pub const WALL: &[Item] = &[
    Item::Function("now", 0, |state, _| answer(wall_clock::Host::now(state))),
    Item::Function("resolution", 0, |state, _| {
        answer(wall_clock::Host::resolution(state))
    }),
];

pub const SYNCHRONIZATION: &[Item] = &[Item::Function("status", 0, |state, _| {
    answer(synchronization::Host::status(state))
})];
