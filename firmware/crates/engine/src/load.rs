//! From verified bytes to a running component.

use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

use petiole_interfaces::{Config, Devices, Grants, Limits, Port, telemetry};
use petiole_trust::VerifiedCode;
use wasmtime::component::{Component, Linker};
use wasmtime::{EngineWeak, Store};

use crate::call::Entry;
use crate::error::load_error;
use crate::hosts::Waits;
use crate::mailbox::Mailbox;
use crate::stack::{self, Stacks};
use crate::state::{Memory, State};
use crate::task::{SLICE, Task};
use crate::{Guest, LoadError, link};

/// Loads components onto one board's devices.
pub struct Engine {
    devices: Devices,
    /// Guests with the same stack limit share an engine, because the limit is a setting of the engine.
    engines: RefCell<Vec<(u32, EngineWeak)>>,
    /// Code that runs: where it lies, its guests' stack limit, and one that has it.
    loaded: RefCell<Vec<Loaded>>,
    /// Where the guests' machine stacks come from.
    stacks: Arc<Stacks>,
    /// An engine stays on one thread.
    _local: Rc<()>,
}

struct Loaded {
    code: *const [u8],
    stack: u32,
    guest: Weak<Mailbox>,
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
    /// The exports that its triggers call.
    pub entries: Vec<Entry>,
}

impl Engine {
    /// An engine whose guests reach `devices`, as far as their grants go.
    pub fn new(devices: Devices) -> Self {
        Self {
            devices,
            engines: RefCell::default(),
            loaded: RefCell::default(),
            stacks: Stacks::new(),
            _local: Rc::new(()),
        }
    }

    /// Whether the code fits this engine, has the exports and is granted its imports; nothing of it is kept or run.
    ///
    /// `peers` are the names of the workload's other components.
    pub fn check(
        &self,
        code: &VerifiedCode,
        deployment: &Deployment,
        peers: &[&str],
    ) -> Result<(), LoadError> {
        let component = self.component(code.bytes(), &deployment.limits)?;
        entries(&component, deployment)?;
        link::check(&component, code.bytes(), &deployment.grants, peers).map(drop)
    }

    /// Checks every import of the component against the grants, links and starts it.
    ///
    /// A start that takes longer than a slice of fuel goes on in [`Guest::poll`]. `peers` are the guests of the
    /// workload's other components that were loaded before. The code stays where it lies: it must not be erased or
    /// written before the guest is dropped.
    pub fn load(
        &self,
        code: VerifiedCode,
        deployment: Deployment,
        port: Box<dyn Port>,
        peers: &[(&str, &Guest)],
    ) -> Result<Guest, LoadError> {
        self.load_bytes(code.bytes(), deployment, port, peers)
    }

    /// [`Engine::load`] without the proof that [`VerifiedCode`] is; for this crate and its tests alone.
    pub(crate) fn load_bytes(
        &self,
        code: &'static [u8],
        deployment: Deployment,
        port: Box<dyn Port>,
        peers: &[(&str, &Guest)],
    ) -> Result<Guest, LoadError> {
        let component = self.component(code, &deployment.limits)?;
        entries(&component, &deployment)?;
        let mut linker = Box::new(Linker::new(component.engine()));
        link::link(&mut linker, &component, code, &deployment.grants, peers)?;
        let mailbox = Mailbox::new(component);
        self.loaded.borrow_mut().push(Loaded {
            code,
            stack: deployment.limits.stack,
            guest: Rc::downgrade(&mailbox),
        });
        let Deployment {
            grants,
            limits,
            config,
            ..
        } = deployment;
        let state = State {
            telemetry: telemetry::meter(&limits, port.now()),
            memory: Memory::new(limits.memory, mailbox.clone()),
            port,
            devices: self.devices,
            grants,
            config,
            limits: limits.clone(),
            waits: Waits::default(),
        };
        let mut store = Store::try_new(mailbox.component.engine(), state).map_err(load_error)?;
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.host_call_bytes as usize);
        // A call with a handle as argument lends it, which counts as one more.
        store.set_max_component_handles(limits.handles as usize + 1);
        store
            .fuel_async_yield_interval(Some(SLICE))
            .map_err(load_error)?;
        let task = Task {
            store,
            mailbox: mailbox.clone(),
            fuel: limits.fuel,
        };
        let mut guest = Guest::new(task.run(linker), mailbox);
        let started = guest.start(&mut Context::from_waker(Waker::noop()));
        guest.watch(self.stacks.take_last());
        match started {
            Poll::Pending => Ok(guest),
            Poll::Ready(error) if error.is::<wasmtime::Trap>() => {
                Err(LoadError::Stopped(guest.stopped(&error)))
            }
            Poll::Ready(error) => Err(load_error(error)),
        }
    }

    /// The component in `code`; guests that run the same code share it, because the engine knows code by its address.
    fn component(&self, code: &'static [u8], limits: &Limits) -> Result<Component, LoadError> {
        let mut loaded = self.loaded.borrow_mut();
        loaded.retain(|known| known.guest.strong_count() > 0);
        let known = loaded.iter().find(|known| core::ptr::eq(known.code, code));
        if let Some((known, guest)) = known.and_then(|known| Some((known, known.guest.upgrade()?)))
        {
            return if known.stack == limits.stack {
                Ok(guest.component.clone())
            } else {
                Err(LoadError::Incompatible(alloc::format!(
                    "the same code runs with a stack of {} bytes: give both guests the same stack, or stop the other first",
                    known.stack
                )))
            };
        }
        drop(loaded);
        let engine = self.engine(limits.stack)?;
        // SAFETY: the only callers outside of tests hold `VerifiedCode`: the bytes were made by our compiler, which
        // the holder of a trusted key vouches for, and stay as they are while the component lives.
        unsafe { Component::deserialize_raw(&engine, NonNull::from(code)) }.map_err(load_error)
    }

    /// The engine of guests with this stack limit.
    fn engine(&self, stack: u32) -> Result<wasmtime::Engine, LoadError> {
        let mut engines = self.engines.borrow_mut();
        engines.retain(|(_, engine)| engine.upgrade().is_some());
        let known = engines.iter().find(|(size, _)| *size == stack);
        if let Some(engine) = known.and_then(|(_, engine)| engine.upgrade()) {
            return Ok(engine);
        }
        let mut config = wasmtime::Config::new();
        set(&mut config, stack, self.stacks.clone());
        let engine = wasmtime::Engine::new(&config).map_err(load_error)?;
        engines.push((stack, engine.weak()));
        Ok(engine)
    }
}

/// Fails when a trigger calls an export that the component lacks.
fn entries(component: &Component, deployment: &Deployment) -> Result<(), LoadError> {
    for entry in &deployment.entries {
        if entry.find(component).is_none() {
            return Err(LoadError::NoExport(entry.interface()));
        }
    }
    Ok(())
}

/// Sets what the engine's guests run with.
///
/// The stacks come first: setting them drops what was set before, behind which the compiler knows no setting any more and
/// leaves in what other settings would need, 1.5 KB.
fn set(config: &mut wasmtime::Config, stack: u32, stacks: Arc<Stacks>) {
    config.with_host_stack(stacks);
    petiole_profile::configure(config);
    let most = stack as usize;
    config
        .memory_reservation_for_growth(0)
        .max_wasm_stack(most)
        .async_stack_size(stack::SIZE.max(most));
    #[cfg(test)]
    config
        .target(crate::tests::TARGET)
        .expect("the compiler is there in tests");
}
