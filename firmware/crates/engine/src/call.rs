//! What a guest can be called for: the exports of the worlds in `wit/`, each found by its name.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use petiole_interfaces::Message;
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Func, Instance, Lift, Lower, TypedFunc,
    Val,
};

use crate::bindings::wasmcloud::messaging::types::BrokerMessage;
use crate::state::State;
use crate::value::Verdict;

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

    /// The export that cleans up after an error, with the place of the answer. Artifacts have it where that function has nothing
    /// to do after `ok`; in others the engine runs it after each call.
    const fn cleanup(self) -> &'static str {
        match self {
            Self::Schedule => "schedule-cleanup",
            Self::Service => "service-cleanup",
            Self::Edge => "edge-cleanup",
            Self::Message => "message-cleanup",
        }
    }

    /// Where the component has it.
    pub fn find(self, component: &Component) -> Option<ComponentExportIndex> {
        let (_, index) = find(component, self.interface(), self.function())?;
        Some(index)
    }
}

/// A function in an exported interface. In artifacts an interface that a board calls is its only function.
pub fn find(
    component: &Component,
    interface: &str,
    function: &str,
) -> Option<(ComponentItem, ComponentExportIndex)> {
    let (item, index) = component.get_export(None, interface)?;
    match item {
        ComponentItem::ComponentFunc(_) => Some((item, index)),
        _ => component.get_export(Some(&index), function),
    }
}

/// An entry's function.
enum Function {
    Schedule(TypedFunc<(), (Verdict,)>),
    Service(TypedFunc<(), (Result<(), ()>,)>),
    Edge(TypedFunc<(String, bool), (Verdict,)>),
    Message(TypedFunc<(BrokerMessage,), (Verdict,)>),
}

/// The entries that an instance has, each with what cleans up after its error.
pub struct Entries(Box<[(Function, Option<Func>)]>);

impl Entries {
    /// Finds them; fails when one has another type than in `wit/`.
    pub fn new(
        store: &mut Store<State>,
        instance: Instance,
        component: &Component,
    ) -> wasmtime::Result<Self> {
        let mut entries = Vec::new();
        for entry in Entry::ALL {
            let Some(index) = entry.find(component) else {
                continue;
            };
            let function = match entry {
                Entry::Schedule => Function::Schedule(typed(store, instance, index)?),
                Entry::Service => Function::Service(typed(store, instance, index)?),
                Entry::Edge => Function::Edge(typed(store, instance, index)?),
                Entry::Message => Function::Message(typed(store, instance, index)?),
            };
            let cleanup = component.get_export_index(None, entry.cleanup());
            let cleanup = cleanup.and_then(|index| instance.get_func(&mut *store, index));
            entries.reserve_exact(1);
            entries.push((function, cleanup));
        }
        Ok(Self(entries.into_boxed_slice()))
    }

    /// Makes the call; the inner error is the guest's own text.
    pub async fn call(
        &self,
        store: &mut Store<State>,
        call: Box<Call>,
    ) -> wasmtime::Result<Result<(), String>> {
        let entry = self.0.iter().find(|(function, _)| function.takes(&call));
        let (function, cleanup) = entry.ok_or_else(none)?;
        let Verdict { answer, place } = match (function, *call) {
            (Function::Schedule(run), _) => Box::pin(run.call_async(&mut *store, ())).await?.0,
            (Function::Service(run), _) => {
                let ended = Box::pin(run.call_async(store, ())).await?.0;
                return Ok(ended.map_err(|()| String::from("the service ended with an error")));
            }
            (Function::Edge(edge), Call::Edge { label, high }) => {
                let ended = Box::pin(edge.call_async(&mut *store, (label, high)));
                ended.await?.0
            }
            (Function::Message(handle), Call::Message(message)) => {
                let message = BrokerMessage {
                    subject: message.subject,
                    body: message.body,
                    reply_to: message.reply_to,
                };
                let ended = Box::pin(handle.call_async(&mut *store, (message,)));
                ended.await?.0
            }
            _ => return Err(none()),
        };
        if let (Err(_), Some(cleanup)) = (&answer, cleanup) {
            Box::pin(clean(store, *cleanup, place)).await?;
        }
        Ok(answer)
    }
}

impl Function {
    const fn takes(&self, call: &Call) -> bool {
        matches!(
            (self, call),
            (Self::Schedule(_), Call::Run)
                | (Self::Service(_), Call::Service)
                | (Self::Edge(_), Call::Edge { .. })
                | (Self::Message(_), Call::Message(_))
        )
    }
}

fn none() -> wasmtime::Error {
    wasmtime::Error::msg("the component has no export for this call")
}

/// Frees what a handler's error took in its memory.
async fn clean(store: &mut Store<State>, cleanup: Func, place: u32) -> wasmtime::Result<()> {
    cleanup.call_async(store, &[Val::U32(place)], &mut []).await
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
