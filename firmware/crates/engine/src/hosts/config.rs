//! `wasi:config/store` over the values of the deployment descriptor.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::item::{Item, answer};
use crate::bindings::wasi::config::store::{Error, Host};
use crate::state::State;
use crate::value::Value;

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.config.get(&key).map(ToOwned::to_owned)))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        Ok(Ok(self
            .config
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()))
    }
}

impl From<Error> for Value {
    fn from(error: Error) -> Self {
        match error {
            Error::Upstream(text) => Self::case(0, text),
            Error::Io(text) => Self::case(1, text),
        }
    }
}

pub const ITEMS: &[Item] = &[
    Item::Function("get", 2, |state, call| answer(state.get(call.text()?))),
    Item::Function("get-all", 0, |state, _| {
        let pair = |(key, value): (String, String)| Value::many([key.into(), value.into()]);
        answer(
            state
                .get_all()
                .map(|all| all.map(|pairs| Value::many(pairs.into_iter().map(pair)))),
        )
    }),
];
