//! From verified bytes to a running component.

use alloc::boxed::Box;
use core::ptr::NonNull;

use petiole_interfaces::{Config, Devices, Grants, Limits, Port, telemetry};
use petiole_trust::VerifiedCode;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use crate::bindings::Scheduled;
use crate::error::{load_error, stop};
use crate::state::{Memory, State};
use crate::{Guest, LoadError, link};

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

impl Engine {
    /// An engine whose guests reach `devices`, as far as their grants go.
    pub fn new(devices: Devices) -> Self {
        Self { devices }
    }

    /// Whether the code fits this engine and the grants cover its imports; nothing of it is kept or run.
    pub fn check(&self, code: &VerifiedCode, grants: &Grants) -> Result<(), LoadError> {
        let component = component(code.bytes(), &Limits::default())?;
        link::check(&component, grants).map(drop)
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
        self.load_bytes(code.bytes(), deployment, port)
    }

    /// [`Engine::load`] without the proof that [`VerifiedCode`] is; for this crate and its tests alone.
    pub(crate) fn load_bytes(
        &self,
        code: &'static [u8],
        deployment: Deployment,
        port: Box<dyn Port>,
    ) -> Result<Guest, LoadError> {
        let Deployment {
            grants,
            limits,
            config,
        } = deployment;
        let component = component(code, &limits)?;
        let mut linker = Linker::new(component.engine());
        for add in link::check(&component, &grants)? {
            add(&mut linker).map_err(load_error)?;
        }
        let state = State {
            telemetry: telemetry::meter(&limits, port.now()),
            memory: Memory::new(limits.memory),
            port,
            devices: self.devices,
            grants,
            config,
            limits,
        };
        let (fuel, host_call_bytes, handles) = (
            state.limits.fuel,
            state.limits.host_call_bytes,
            state.limits.handles,
        );
        let mut store = Store::try_new(component.engine(), state).map_err(load_error)?;
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(host_call_bytes as usize);
        // A call with a handle as argument lends it, which counts as one more.
        store.set_max_component_handles(handles as usize + 1);
        store.set_fuel(fuel).map_err(load_error)?;
        match Scheduled::instantiate(&mut store, &component, &linker) {
            Ok(instance) => Ok(Guest::new(store, instance, fuel)),
            Err(error) if error.is::<wasmtime::Trap>() => Err(LoadError::Stopped(stop(error))),
            Err(error) => Err(load_error(error)),
        }
    }
}

/// The component in `code`, in an engine of its own: the stack's size belongs to the engine.
fn component(code: &'static [u8], limits: &Limits) -> Result<Component, LoadError> {
    let engine = wasmtime::Engine::new(&settings(limits)).map_err(load_error)?;
    // SAFETY: the only callers outside of tests hold `VerifiedCode`: the bytes were made by our compiler, which
    // the holder of a trusted key vouches for, and stay as they are while the component lives.
    unsafe { Component::deserialize_raw(&engine, NonNull::from(code)) }.map_err(load_error)
}

fn settings(limits: &Limits) -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    petiole_profile::configure(&mut config);
    config
        .memory_reservation_for_growth(0)
        .max_wasm_stack(limits.stack as usize);
    #[cfg(test)]
    config
        .target(crate::tests::TARGET)
        .expect("the compiler is there in tests");
    config
}
