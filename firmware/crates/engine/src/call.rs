//! What a guest can be called for: the exports of the worlds in `wit/`, each found by its name.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::pin::Pin;

use petiole_interfaces::Message;
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc};

use crate::signature::describe;
use crate::state::State;
use crate::value::{Answer, Parameters, Value, other};

/// What a handler answers; an error is the guest's own text.
type Outcome = Result<(), String>;

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

impl Call {
    const fn entry(&self) -> Entry {
        match self {
            Self::Run => Entry::Schedule,
            Self::Service => Entry::Service,
            Self::Edge { .. } => Entry::Edge,
            Self::Message(_) => Entry::Message,
        }
    }

    /// What the function is called with.
    fn parameters(self) -> Vec<Value> {
        match self {
            Self::Run | Self::Service => Vec::new(),
            Self::Edge { label, high } => vec![label.into(), high.into()],
            Self::Message(Message {
                subject,
                body,
                reply_to,
            }) => vec![Value::many([subject.into(), body.into(), reply_to.into()])],
        }
    }
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

    /// The function's type, as [`describe`] says it.
    const fn kind(self) -> &'static str {
        match self {
            Self::Schedule => ">x:,:s,)",
            Self::Service => ">x:,:,)",
            Self::Edge => "sb>x:,:s,)",
            Self::Message => "rsubject:s,body:lC),reply-to:os),)>x:,:s,)",
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

/// A function of a component, called with our own values.
pub type Callee = TypedFunc<Parameters, Answer>;

/// The entries that an instance has, each with what cleans up after its error.
pub struct Entries(Box<[(Entry, Callee, Option<Callee>)]>);

impl Entries {
    /// Finds them; fails when one has another type than in `wit/`.
    pub fn new(
        store: &mut Store<State>,
        instance: Instance,
        component: &Component,
    ) -> wasmtime::Result<Self> {
        let mut entries = Vec::new();
        for entry in Entry::ALL {
            let found = find(component, entry.interface(), entry.function());
            let Some((item, index)) = found else {
                continue;
            };
            let fits = match &item {
                ComponentItem::ComponentFunc(kind) => {
                    describe(kind).as_deref() == Some(entry.kind())
                }
                _ => false,
            };
            if !fits {
                let interface = entry.interface();
                return Err(wasmtime::format_err!("{interface}: {}", other()));
            }
            let function = instance.get_func(&mut *store, index).ok_or_else(none)?;
            let function = function.typed(&mut *store)?;
            let cleanup = component.get_export_index(None, entry.cleanup());
            let cleanup = cleanup.and_then(|index| instance.get_func(&mut *store, index));
            let cleanup = cleanup
                .map(|cleanup| cleanup.typed(&mut *store))
                .transpose()?;
            entries.reserve_exact(1);
            entries.push((entry, function, cleanup));
        }
        Ok(Self(entries.into_boxed_slice()))
    }

    /// Makes the call; the inner error is the guest's own text.
    pub async fn call(
        &self,
        store: &mut Store<State>,
        call: Box<Call>,
    ) -> wasmtime::Result<Outcome> {
        let wanted = call.entry();
        let entry = self.0.iter().find(|(entry, ..)| *entry == wanted);
        let (_, function, cleanup) = entry.ok_or_else(none)?;
        let parameters = Value::Many(call.parameters());
        let Answer { value, place } = invoke(function, store, parameters).await?;
        let Value::Case(case, text) = value else {
            return Err(other());
        };
        let Some(Value::Text(text)) = text.map(|text| *text) else {
            let ended = "the service ended with an error";
            return Ok(if case == 0 { Ok(()) } else { Err(ended.into()) });
        };
        if let Some(cleanup) = cleanup {
            invoke(cleanup, store, Value::many([place.into()])).await?;
        }
        Ok(Err(text))
    }
}

/// Calls a function, in a box: a call is larger than whatever else a guest waits for.
pub fn invoke(
    function: &Callee,
    store: &mut Store<State>,
    parameters: Value,
) -> Pin<Box<impl Future<Output = wasmtime::Result<Answer>>>> {
    Box::pin(function.call_async(store, Parameters(parameters)))
}

fn none() -> wasmtime::Error {
    wasmtime::Error::msg("the component has no export for this call")
}
