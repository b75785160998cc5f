//! `wasi:gpio/digital-async` over [`petiole_interfaces::gpio::Wait`].

use alloc::string::String;

use petiole_interfaces::Resource as Device;
use petiole_interfaces::gpio::{Event, Wait};
use wasmtime::component::Resource;

use super::gpio::{Answer, other};
use super::item::{Item, answer};
use super::waits::Waiting;
use crate::bindings::wasi::gpio::digital_async::{Host, HostInputWaitPin, WaitError};
use crate::state::{Handle, State};
use crate::value::Value;

impl State {
    fn start_wait(&mut self, pin: &Resource<Handle>, event: Event) -> Answer<()> {
        let Some(Waiting::Input(place, _)) = self.waits.get(pin) else {
            return Ok(Err(other("not an input")));
        };
        let Some(Device::Input(input)) = self.devices.at(place) else {
            return Ok(Err(other("not an input")));
        };
        let Ok(mut input) = input.try_borrow_mut() else {
            return Ok(Err(other("busy")));
        };
        let wait = Wait::start(&mut *input, event);
        self.waits.replace(pin, Waiting::Input(place, Some(wait)));
        Ok(Ok(()))
    }

    fn try_finish(&mut self, pin: &Resource<Handle>) -> Result<(), WaitError> {
        let Some(Waiting::Input(place, Some(wait))) = self.waits.get(pin) else {
            return Err(WaitError::NotInProgress);
        };
        let Some(Device::Input(input)) = self.devices.at(place) else {
            return Err(WaitError::Other(other("not an input")));
        };
        let Ok(mut input) = input.try_borrow_mut() else {
            return Err(WaitError::WouldBlock);
        };
        let over = wait.is_over(&mut *input);
        if over == Ok(false) {
            return Err(WaitError::WouldBlock);
        }
        self.waits.replace(pin, Waiting::Input(place, None));
        over.map(drop)
            .map_err(|_| WaitError::Other(other("the pin failed")))
    }
}

impl Host for State {
    fn open_input_wait(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(match self.granted("wasi:gpio/digital-async", &label) {
            Ok((place, Device::Input(_))) => Ok(self.waits.add(Waiting::Input(place, None))),
            Ok(_) => Err(other("not an input")),
            Err(text) => Err(other(text)),
        })
    }
}

impl HostInputWaitPin for State {
    fn start_wait_high(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.start_wait(&pin, Event::High)
    }

    fn start_wait_low(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.start_wait(&pin, Event::Low)
    }

    fn start_wait_rising_edge(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.start_wait(&pin, Event::Rising)
    }

    fn start_wait_falling_edge(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.start_wait(&pin, Event::Falling)
    }

    fn start_wait_any_edge(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.start_wait(&pin, Event::Any)
    }

    fn subscribe(&mut self, pin: Resource<Handle>) -> wasmtime::Result<Resource<Handle>> {
        let waiting = self.waits.get(&pin).unwrap_or(Waiting::Until(0));
        Ok(self.waits.add(waiting))
    }

    fn finish_wait(&mut self, pin: Resource<Handle>) -> wasmtime::Result<Result<(), WaitError>> {
        Ok(self.try_finish(&pin))
    }

    fn drop(&mut self, pin: Resource<Handle>) -> wasmtime::Result<()> {
        self.waits.remove(&pin);
        Ok(())
    }
}

impl From<WaitError> for Value {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::NotInProgress => Self::case(0, ()),
            WaitError::WouldBlock => Self::case(1, ()),
            WaitError::Other(error) => Self::case(2, error),
        }
    }
}

pub const ITEMS: &[Item] = &[
    Item::Resource("input-wait-pin", HostInputWaitPin::drop),
    Item::Function("open-input-wait", 2, |state, call| {
        answer(state.open_input_wait(call.text()?))
    }),
    Item::Function(
        "[method]input-wait-pin.start-wait-high",
        1,
        |state, call| answer(state.start_wait_high(call.handle()?)),
    ),
    Item::Function("[method]input-wait-pin.start-wait-low", 1, |state, call| {
        answer(state.start_wait_low(call.handle()?))
    }),
    Item::Function(
        "[method]input-wait-pin.start-wait-rising-edge",
        1,
        |state, call| answer(state.start_wait_rising_edge(call.handle()?)),
    ),
    Item::Function(
        "[method]input-wait-pin.start-wait-falling-edge",
        1,
        |state, call| answer(state.start_wait_falling_edge(call.handle()?)),
    ),
    Item::Function(
        "[method]input-wait-pin.start-wait-any-edge",
        1,
        |state, call| answer(state.start_wait_any_edge(call.handle()?)),
    ),
    Item::Function("[method]input-wait-pin.subscribe", 1, |state, call| {
        answer(HostInputWaitPin::subscribe(state, call.handle()?))
    }),
    Item::Function("[method]input-wait-pin.finish-wait", 1, |state, call| {
        answer(state.finish_wait(call.handle()?))
    }),
];
