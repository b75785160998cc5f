//! `wasi:random/random` over the guest's port.

use alloc::vec::Vec;

use petiole_interfaces::random::{bytes, number};

use super::item::{Item, answer};
use crate::bindings::wasi::random::random::Host;
use crate::state::State;

impl Host for State {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        bytes(self.port.as_mut(), length, self.limits.host_call_bytes)
            .ok_or_else(|| wasmtime::Error::msg("more random bytes than one call may bring"))
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(number(self.port.as_mut()))
    }
}

pub const ITEMS: &[Item] = &[
    Item::Function("get-random-bytes", 1, |state, call| {
        answer(state.get_random_bytes(call.number()?))
    }),
    Item::Function("get-random-u64", 0, |state, _| {
        answer(state.get_random_u64())
    }),
];
