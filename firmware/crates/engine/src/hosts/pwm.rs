//! `wasi:gpio/pwm` over [`petiole_interfaces::pwm`].

use alloc::string::String;

use embedded_hal::pwm::ErrorKind;
use petiole_interfaces::Resource as Device;
use petiole_interfaces::pwm::{Pwm, set, set_fraction};
use wasmtime::component::Resource;

use super::gpio::{Answer, other};
use super::item::{Item, answer};
use crate::bindings::wasi::gpio::pwm::{Host, HostPwmPin};
use crate::state::{Handle, State};

impl State {
    fn with_pwm(
        &self,
        pin: &Resource<Handle>,
        action: impl FnOnce(&mut dyn Pwm) -> Result<(), ErrorKind>,
    ) -> Answer<()> {
        let Some(Device::Pwm(pwm)) = self.devices.at(pin.rep()) else {
            return Ok(Err(other("not a PWM output")));
        };
        let Ok(mut pwm) = pwm.try_borrow_mut() else {
            return Ok(Err(other("busy")));
        };
        Ok(action(&mut *pwm).map_err(|_| other("the output refused")))
    }
}

impl Host for State {
    fn open(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(match self.granted("wasi:gpio/pwm", &label) {
            Ok((place, Device::Pwm(_))) => Ok(Resource::new_own(place)),
            Ok(_) => Err(other("not a PWM output")),
            Err(text) => Err(other(text)),
        })
    }
}

impl HostPwmPin for State {
    fn max_duty_cycle(&mut self, pin: Resource<Handle>) -> wasmtime::Result<u16> {
        Ok(match self.devices.at(pin.rep()) {
            Some(Device::Pwm(pwm)) => pwm.try_borrow().map_or(0, |pwm| pwm.max_duty_cycle()),
            _ => 0,
        })
    }

    fn set_duty_cycle(&mut self, pin: Resource<Handle>, duty: u16) -> Answer<()> {
        self.with_pwm(&pin, |pwm| set(pwm, duty))
    }

    fn set_duty_cycle_fully_off(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.with_pwm(&pin, |pwm| pwm.set_duty_cycle(0))
    }

    fn set_duty_cycle_fully_on(&mut self, pin: Resource<Handle>) -> Answer<()> {
        self.with_pwm(&pin, |pwm| pwm.set_duty_cycle(pwm.max_duty_cycle()))
    }

    fn set_duty_cycle_fraction(
        &mut self,
        pin: Resource<Handle>,
        numerator: u16,
        denominator: u16,
    ) -> Answer<()> {
        self.with_pwm(&pin, |pwm| set_fraction(pwm, numerator, denominator))
    }

    fn set_duty_cycle_percent(&mut self, pin: Resource<Handle>, percent: u8) -> Answer<()> {
        self.with_pwm(&pin, |pwm| set_fraction(pwm, percent.into(), 100))
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

pub const ITEMS: &[Item] = &[
    Item::Resource("pwm-pin", HostPwmPin::drop),
    Item::Function("open", 2, |state, call| {
        answer(Host::open(state, call.text()?))
    }),
    Item::Function("[method]pwm-pin.max-duty-cycle", 1, |state, call| {
        answer(HostPwmPin::max_duty_cycle(state, call.handle()?))
    }),
    Item::Function("[method]pwm-pin.set-duty-cycle", 2, |state, call| {
        answer(state.set_duty_cycle(call.handle()?, call.number()? as u16))
    }),
    Item::Function(
        "[method]pwm-pin.set-duty-cycle-fully-off",
        1,
        |state, call| answer(state.set_duty_cycle_fully_off(call.handle()?)),
    ),
    Item::Function(
        "[method]pwm-pin.set-duty-cycle-fully-on",
        1,
        |state, call| answer(state.set_duty_cycle_fully_on(call.handle()?)),
    ),
    Item::Function(
        "[method]pwm-pin.set-duty-cycle-fraction",
        3,
        |state, call| {
            let (pin, numerator) = (call.handle()?, call.number()? as u16);
            answer(state.set_duty_cycle_fraction(pin, numerator, call.number()? as u16))
        },
    ),
    Item::Function(
        "[method]pwm-pin.set-duty-cycle-percent",
        2,
        |state, call| answer(state.set_duty_cycle_percent(call.handle()?, call.number()? as u8)),
    ),
];
