//! `wasi:logging` and `petiole:telemetry`: calls that go straight to the guest's port.

use alloc::string::String;

use petiole_interfaces::{TelemetryError, Value, telemetry};
use wasmtime::StoreContextMut;

use super::item::{Item, answer};
use crate::bindings::petiole::telemetry::telemetry as wit;
use crate::state::State;
use crate::value::{self, Severity};

impl State {
    fn send(&mut self, name: &str, unit: &str, value: Value<'_>) -> Result<(), wit::Error> {
        telemetry::send(self.port.as_mut(), &mut self.telemetry, name, unit, value).map_err(
            |error| match error {
                TelemetryError::Invalid => wit::Error::Invalid,
                TelemetryError::RateLimited => wit::Error::RateLimited,
                TelemetryError::Full => wit::Error::Full,
            },
        )
    }
}

impl wit::Host for State {
    fn send_number(
        &mut self,
        name: String,
        unit: String,
        value: f64,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(self.send(&name, &unit, Value::Number(value)))
    }

    fn send_text(
        &mut self,
        name: String,
        value: String,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(self.send(&name, "", Value::Text(&value)))
    }

    fn send_boolean(
        &mut self,
        name: String,
        value: bool,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(self.send(&name, "", Value::Boolean(value)))
    }
}

impl From<wit::Error> for value::Value {
    fn from(error: wit::Error) -> Self {
        Self::Number(error as u64)
    }
}

pub const LOGGING: &[Item] = &[Item::Own(|instance| {
    instance.func_wrap(
        "log",
        |mut store: StoreContextMut<'_, State>,
         (Severity(level), context, message): (Severity, String, String)| {
            store.data_mut().port.log(level, &context, &message);
            Ok(())
        },
    )
})];

pub const TELEMETRY: &[Item] = &[
    Item::Function("send-number", 5, |state, call| {
        let (name, unit) = (call.text()?, call.text()?);
        answer(wit::Host::send_number(state, name, unit, call.float()?))
    }),
    Item::Function("send-text", 4, |state, call| {
        answer(wit::Host::send_text(state, call.text()?, call.text()?))
    }),
    Item::Function("send-boolean", 3, |state, call| {
        let name = call.text()?;
        answer(wit::Host::send_boolean(state, name, call.number()? != 0))
    }),
];
