//! What a guest can be called for: the exports of the worlds in `wit/`, each found by its name.

use alloc::boxed::Box;
use alloc::string::String;

use petiole_interfaces::Message;
use wasmtime::Store;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, TypedFunc,
};

use crate::bindings::wasmcloud::messaging::types::BrokerMessage;
use crate::state::State;

/// One call of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `petiole:schedule/handler`, `run`.
    Run,
    /// `wasi:cli/run`, `run`: has no fuel limit, its end is an outcome like any other.
    Service,
    /// `petiole:gpio/handler`, `edge`.
    Edge {
        /// Which input.
        label: String,
        /// Its level after the edge.
        high: bool,
    },
    /// `wasmcloud:messaging/handler`, `handle-message`.
    Message(Message),
}

/// An export that a host may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// For [`Call::Run`].
    Schedule,
    /// For [`Call::Service`].
    Service,
    /// For [`Call::Edge`].
    Edge,
    /// For [`Call::Message`].
    Message,
}

impl Entry {
    const ALL: [Self; 4] = [Self::Schedule, Self::Service, Self::Edge, Self::Message];

    /// Full name of the interface.
    pub const fn interface(self) -> &'static str {
        match self {
            Self::Schedule => "petiole:schedule/handler@0.1.0",
            Self::Service => "wasi:cli/run@0.2.0",
            Self::Edge => "petiole:gpio/handler@0.1.0",
            Self::Message => "wasmcloud:messaging/handler@0.2.0",
        }
    }

    const fn function(self) -> &'static str {
        match self {
            Self::Schedule | Self::Service => "run",
            Self::Edge => "edge",
            Self::Message => "handle-message",
        }
    }

    /// Where the component has it.
    pub fn find(self, component: &Component) -> Option<ComponentExportIndex> {
        find(component, self.interface(), self.function())
    }
}

/// A function in an exported interface.
pub fn find(
    component: &Component,
    interface: &str,
    function: &str,
) -> Option<ComponentExportIndex> {
    let instance = component.get_export_index(None, interface)?;
    component.get_export_index(Some(&instance), function)
}

type Answer = (Result<(), String>,);

/// The entries that an instance has.
#[derive(Default)]
pub struct Entries {
    schedule: Option<TypedFunc<(), Answer>>,
    service: Option<TypedFunc<(), (Result<(), ()>,)>>,
    edge: Option<TypedFunc<(String, bool), Answer>>,
    message: Option<TypedFunc<(BrokerMessage,), Answer>>,
}

impl Entries {
    /// Finds them; fails when one has another type than in `wit/`.
    pub fn new(
        store: &mut Store<State>,
        instance: Instance,
        component: &Component,
    ) -> wasmtime::Result<Self> {
        let mut entries = Self::default();
        for entry in Entry::ALL {
            let Some(index) = entry.find(component) else {
                continue;
            };
            match entry {
                Entry::Schedule => entries.schedule = Some(typed(store, instance, index)?),
                Entry::Service => entries.service = Some(typed(store, instance, index)?),
                Entry::Edge => entries.edge = Some(typed(store, instance, index)?),
                Entry::Message => entries.message = Some(typed(store, instance, index)?),
            }
        }
        Ok(entries)
    }

    /// Makes the call; the inner error is the guest's own text.
    pub async fn call(
        &self,
        store: &mut Store<State>,
        call: Call,
    ) -> wasmtime::Result<Result<(), String>> {
        let result = match call {
            Call::Run => has(self.schedule)?.call_async(store, ()).await?.0,
            Call::Service => {
                let service = has(self.service)?;
                let ended = Box::pin(service.call_async(store, ())).await?.0;
                ended.map_err(|()| String::from("the service ended with an error"))
            }
            Call::Edge { label, high } => {
                let edge = has(self.edge)?;
                Box::pin(edge.call_async(store, (label, high))).await?.0
            }
            Call::Message(message) => {
                let handle = has(self.message)?;
                let message = BrokerMessage {
                    subject: message.subject,
                    body: message.body,
                    reply_to: message.reply_to,
                };
                Box::pin(handle.call_async(store, (message,))).await?.0
            }
        };
        Ok(result)
    }
}

fn has<F>(function: Option<F>) -> wasmtime::Result<F> {
    function.ok_or_else(|| wasmtime::Error::msg("the component has no export for this call"))
}

fn typed<P, R>(
    store: &mut Store<State>,
    instance: Instance,
    index: ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    instance.get_typed_func(store, index)
}
