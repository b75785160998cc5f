//! Runs one component: load, call, limit, stop. No type of the WebAssembly engine leaves this crate.
//!
//! ```text
//! Engine::load(VerifiedCode, Deployment, Port) -> Guest      imports checked against grants, then linked
//! Guest::run_handler()                         -> Outcome    or Stop: trap, fuel, memory, error
//! drop(Guest)                                                frees everything the component had
//! ```
#![no_std]

extern crate alloc;

mod error;

use alloc::boxed::Box;
use alloc::string::String;

pub use error::{LoadError, Stop, StopKind};
use petiole_interfaces::{Config, Devices, Grants, Limits, Port};
use petiole_trust::VerifiedCode;

/// Loads components onto one board's devices.
#[derive(Clone, Copy)]
pub struct Engine {
    devices: Devices,
}

/// What the deployment descriptor says about one component.
#[derive(Default)]
pub struct Deployment {
    /// Imports and labels it may use.
    pub grants: Grants,
    /// Its bounds.
    pub limits: Limits,
    /// Its config values.
    pub config: Config,
}

/// A running component. After a [`Stop`] it must be dropped: its memory may be in any state.
pub struct Guest {
    _private: (),
}

/// How a call ended that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the handler answered; an error is the guest's own text.
    pub result: Result<(), String>,
    /// Fuel the call took.
    pub fuel: u64,
}

impl Engine {
    /// An engine whose guests reach `devices`, as far as their grants go.
    pub fn new(devices: Devices) -> Self {
        Self { devices }
    }

    /// Checks every import of the component against the grants, links and instantiates it.
    ///
    /// The code stays where it lies: it must not be erased or written before the guest is dropped.
    pub fn load(
        &self,
        code: VerifiedCode,
        deployment: Deployment,
        port: Box<dyn Port>,
    ) -> Result<Guest, LoadError> {
        let _ = (code, deployment, port, self.devices);
        Err(LoadError::Incompatible(String::new()))
    }
}

impl Guest {
    /// Calls the handler once, with the fuel of the limits.
    pub fn run_handler(&mut self) -> Result<Outcome, Stop> {
        Ok(Outcome {
            result: Ok(()),
            fuel: 0,
        })
    }

    /// Bytes of linear memory the component has now; memory never shrinks, so this is also the most it had.
    pub fn memory(&self) -> usize {
        0
    }
}
