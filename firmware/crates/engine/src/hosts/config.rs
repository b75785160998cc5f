//! `wasi:config/store` over the values of the deployment descriptor.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::wasi::config::store::{Error, Host};
use crate::state::State;

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
