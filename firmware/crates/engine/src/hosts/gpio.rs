//! `wasi:gpio/digital` over [`petiole_interfaces::gpio`].

use alloc::string::String;
use core::cell::RefCell;

use embedded_hal::digital::PinState;
use petiole_interfaces::Resource as Device;
use petiole_interfaces::gpio::Output;
use wasmtime::component::Resource;

use super::item::{Item, answer};
use crate::bindings::wasi::gpio::digital::{self, ErrorCode};
use crate::bindings::wasi::gpio::types;
use crate::state::{Handle, State};
use crate::value::Value;

/// What a function of a pin answers.
pub type Answer<T> = wasmtime::Result<Result<T, ErrorCode>>;

/// The error with this text.
pub fn other(text: &str) -> ErrorCode {
    ErrorCode::Other(text.into())
}

impl State {
    fn pin(&self, label: &str) -> Result<(u32, Device), ErrorCode> {
        self.granted("wasi:gpio/digital", label).map_err(other)
    }

    fn open_output_pin(&self, label: &str) -> Result<Resource<Handle>, ErrorCode> {
        match self.pin(label)? {
            (place, Device::Output(_)) => Ok(Resource::new_own(place)),
            _ => Err(other("not an output")),
        }
    }

    fn with_output<T>(
        &self,
        pin: &Resource<Handle>,
        action: impl FnOnce(&mut dyn Output) -> Result<T, embedded_hal::digital::ErrorKind>,
    ) -> Answer<T> {
        match self.devices.at(pin.rep()) {
            Some(Device::Output(output)) => Ok(with(output, |output| action(output))),
            _ => Ok(Err(other("not an output"))),
        }
    }

    fn drive(&self, pin: &Resource<Handle>, state: PinState) -> Answer<()> {
        self.with_output(pin, |output| output.set(state))
    }

    fn read_input(&self, pin: &Resource<Handle>) -> Answer<bool> {
        match self.devices.at(pin.rep()) {
            Some(Device::Input(input)) => Ok(with(input, |input| input.is_high())),
            _ => Ok(Err(other("not an input"))),
        }
    }
}

fn with<P: ?Sized, T>(
    pin: &RefCell<P>,
    action: impl FnOnce(&mut P) -> Result<T, embedded_hal::digital::ErrorKind>,
) -> Result<T, ErrorCode> {
    let mut pin = pin.try_borrow_mut().map_err(|_| other("busy"))?;
    action(&mut pin).map_err(|_| other("the pin failed"))
}

fn level(state: digital::PinState) -> PinState {
    match state {
        digital::PinState::Low => PinState::Low,
        digital::PinState::High => PinState::High,
    }
}

impl types::Host for State {}

impl digital::Host for State {
    fn open_output(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(self.open_output_pin(&label))
    }

    fn open_stateful_output(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(self.open_output_pin(&label))
    }

    fn open_input(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(match self.pin(&label) {
            Ok((place, Device::Input(_))) => Ok(Resource::new_own(place)),
            Ok(_) => Err(other("not an input")),
            Err(error) => Err(error),
        })
    }
}

impl digital::HostOutputPin for State {
    fn set_low(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.drive(&pin, PinState::Low)
    }

    fn set_high(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.drive(&pin, PinState::High)
    }

    fn set_state(&mut self, pin: Resource<Handle>, state: digital::PinState) -> Answer<()> {
        self.drive(&pin, level(state))
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl digital::HostStatefulOutputPin for State {
    fn set_low(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.drive(&pin, PinState::Low)
    }

    fn set_high(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.drive(&pin, PinState::High)
    }

    fn set_state(&mut self, pin: Resource<Handle>, state: digital::PinState) -> Answer<()> {
        self.drive(&pin, level(state))
    }

    fn is_set_high(&mut self, pin: Resource<Handle>) -> Answer<bool> {
        self.with_output(&pin, |output| Ok(output.driven() == PinState::High))
    }

    fn is_set_low(&mut self, pin: Resource<Handle>) -> Answer<bool> {
        self.with_output(&pin, |output| Ok(output.driven() == PinState::Low))
    }

    fn toggle(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.with_output(&pin, |output| output.set(!output.driven()))
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl digital::HostInputPin for State {
    fn is_high(&mut self, pin: Resource<Handle>) -> Answer<bool> {
        self.read_input(&pin)
    }

    fn is_low(&mut self, pin: Resource<Handle>) -> Answer<bool> {
        Ok(self.read_input(&pin)?.map(|high| !high))
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl From<ErrorCode> for Value {
    fn from(error: ErrorCode) -> Self {
        let ErrorCode::Other(text) = error;
        Self::case(0, text)
    }
}

/// The level at this place in `pin-state`.
fn pin_state(place: u64) -> digital::PinState {
    if place == 0 {
        digital::PinState::Low
    } else {
        digital::PinState::High
    }
}

pub const ITEMS: &[Item] = &[
    Item::Resource("output-pin", digital::HostOutputPin::drop),
    Item::Resource("stateful-output-pin", digital::HostStatefulOutputPin::drop),
    Item::Resource("input-pin", digital::HostInputPin::drop),
    Item::Function("open-output", 2, |state, call| {
        answer(digital::Host::open_output(state, call.text()?))
    }),
    Item::Function("open-stateful-output", 2, |state, call| {
        answer(digital::Host::open_stateful_output(state, call.text()?))
    }),
    Item::Function("open-input", 2, |state, call| {
        answer(digital::Host::open_input(state, call.text()?))
    }),
    Item::Function("[method]output-pin.set-low", 1, |state, call| {
        answer(digital::HostOutputPin::set_low(state, call.handle()?))
    }),
    Item::Function("[method]output-pin.set-high", 1, |state, call| {
        answer(digital::HostOutputPin::set_high(state, call.handle()?))
    }),
    Item::Function("[method]output-pin.set-state", 2, |state, call| {
        let (pin, level) = (call.handle()?, call.number()?);
        answer(digital::HostOutputPin::set_state(
            state,
            pin,
            pin_state(level),
        ))
    }),
    Item::Function("[method]stateful-output-pin.set-low", 1, |state, call| {
        answer(digital::HostStatefulOutputPin::set_low(
            state,
            call.handle()?,
        ))
    }),
    Item::Function("[method]stateful-output-pin.set-high", 1, |state, call| {
        answer(digital::HostStatefulOutputPin::set_high(
            state,
            call.handle()?,
        ))
    }),
    Item::Function(
        "[method]stateful-output-pin.is-set-high",
        1,
        |state, call| {
            answer(digital::HostStatefulOutputPin::is_set_high(
                state,
                call.handle()?,
            ))
        },
    ),
    Item::Function(
        "[method]stateful-output-pin.is-set-low",
        1,
        |state, call| {
            answer(digital::HostStatefulOutputPin::is_set_low(
                state,
                call.handle()?,
            ))
        },
    ),
    Item::Function("[method]stateful-output-pin.toggle", 1, |state, call| {
        answer(digital::HostStatefulOutputPin::toggle(
            state,
            call.handle()?,
        ))
    }),
    Item::Function("[method]stateful-output-pin.set-state", 2, |state, call| {
        let (pin, level) = (call.handle()?, call.number()?);
        answer(digital::HostStatefulOutputPin::set_state(
            state,
            pin,
            pin_state(level),
        ))
    }),
    Item::Function("[method]input-pin.is-high", 1, |state, call| {
        answer(digital::HostInputPin::is_high(state, call.handle()?))
    }),
    Item::Function("[method]input-pin.is-low", 1, |state, call| {
        answer(digital::HostInputPin::is_low(state, call.handle()?))
    }),
];
