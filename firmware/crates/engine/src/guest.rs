//! A running component.

use alloc::string::String;

use wasmtime::Store;

use crate::Stop;
use crate::bindings::Scheduled;
use crate::error::stop;
use crate::state::State;

/// A running component. After a [`Stop`] it must be dropped: its memory may be in any state.
pub struct Guest {
    store: Store<State>,
    instance: Scheduled,
    fuel: u64,
}

/// How a call ended that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the handler answered; an error is the guest's own text.
    pub result: Result<(), String>,
    /// Fuel the call took.
    pub fuel: u64,
}

impl Guest {
    pub(crate) fn new(store: Store<State>, instance: Scheduled, fuel: u64) -> Self {
        Self {
            store,
            instance,
            fuel,
        }
    }

    /// Calls the handler once, with the fuel of the limits.
    pub fn run_handler(&mut self) -> Result<Outcome, Stop> {
        self.store.set_fuel(self.fuel).map_err(stop)?;
        let result = self
            .instance
            .petiole_schedule_handler()
            .call_run(&mut self.store)
            .map_err(stop)?;
        let left = self.store.get_fuel().map_err(stop)?;
        Ok(Outcome {
            result,
            fuel: self.fuel.saturating_sub(left),
        })
    }

    /// Bytes of linear memory the component has; on a board it keeps what it started with.
    pub fn memory(&self) -> usize {
        self.store.data().memory.used()
    }
}
