//! Calls between components of one workload that the host carries: each keeps its own store, memory and fuel.
//!
//! Values alone cross: a resource of one store means nothing in another.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::{Rc, Weak};
use alloc::string::{String, ToString};
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{ComponentExportIndex, Linker};

use crate::LoadError;
use crate::call::find;
use crate::error::load_error;
use crate::hosts::item::{Async, wait};
use crate::local::Local;
use crate::mailbox::Mailbox;
use crate::signature::describe;
use crate::state::State;
use crate::value::{ANY, Results, Value};

/// Another component of the workload: its name, and the guest that runs it.
pub type Peer<'a> = (&'a str, Rc<Mailbox>);

/// A call on its way from one guest to another.
pub struct Request {
    /// The function, in the provider's component.
    pub function: ComponentExportIndex,
    /// What it is called with, until it is called.
    pub parameters: Cell<Value>,
    answer: RefCell<Option<Result<Value, String>>>,
    waker: RefCell<Option<Waker>>,
}

impl Request {
    /// Answers the call; an error is why there is none. Only the first answer counts.
    pub fn answer(&self, answer: Result<Value, String>) {
        self.answer.borrow_mut().get_or_insert(answer);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn answered(&self) -> Result<Value, String> {
        poll_fn(|context| match self.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

/// A request in the provider's hands: given up when the provider goes without an answer.
pub struct Accepted(pub Rc<Request>);

impl Drop for Accepted {
    fn drop(&mut self) {
        self.0.answer(Err("it was stopped in the call".to_string()));
    }
}

/// Fails unless values alone cross the interface.
pub fn check(
    engine: &wasmtime::Engine,
    import: &str,
    interface: &ComponentInstance,
) -> Result<(), LoadError> {
    for (name, item) in interface.exports(engine) {
        let crosses = match item.ty {
            ComponentItem::ComponentFunc(function) => describe(&function).is_some(),
            ComponentItem::Type(_) => true,
            _ => false,
        };
        if !crosses {
            return Err(LoadError::Incompatible(format!(
                "{import}: {name}: only functions of plain values go from component to component; compose the two instead"
            )));
        }
    }
    Ok(())
}

/// Defines an import by the peer's export of the same name.
pub fn link(
    linker: &mut Linker<State>,
    import: &str,
    interface: &ComponentInstance,
    (name, provider): &Peer<'_>,
) -> Result<(), LoadError> {
    let engine = provider.component.engine().clone();
    let mut instance = linker.instance(import).map_err(load_error)?;
    for (function, item) in interface.exports(&engine) {
        let ComponentItem::ComponentFunc(wanted) = item.ty else {
            continue;
        };
        let index = offered(&provider.component, import, function, &wanted).ok_or_else(|| {
            LoadError::Incompatible(format!(
                "{import}: component {name} exports no {function} of this type"
            ))
        })?;
        let caller = Local::new(Rc::new(Caller {
            name: name.to_string(),
            provider: Rc::downgrade(provider),
            function: index,
        }));
        let call: Async<ANY, ANY> = Box::new(move |_, parameters| {
            let caller = caller.get().clone();
            Box::new(Local::new(async move { caller.call(parameters).await }))
        });
        wait(&mut instance, function, call).map_err(load_error)?;
    }
    Ok(())
}

/// The export that fits, if there is one.
fn offered(
    component: &wasmtime::component::Component,
    import: &str,
    function: &str,
    wanted: &ComponentFunc,
) -> Option<ComponentExportIndex> {
    let (item, index) = find(component, import, function)?;
    let ComponentItem::ComponentFunc(offered) = item else {
        return None;
    };
    (describe(&offered)? == describe(wanted)?).then_some(index)
}

/// One function of a peer, as the consumer's linker holds it.
struct Caller {
    name: String,
    provider: Weak<Mailbox>,
    function: ComponentExportIndex,
}

impl Caller {
    async fn call(&self, parameters: Value) -> wasmtime::Result<Results<ANY, ANY>> {
        let answer = match self.provider.upgrade() {
            Some(provider) => {
                let request = Rc::new(Request {
                    function: self.function,
                    parameters: Cell::new(parameters),
                    answer: RefCell::default(),
                    waker: RefCell::default(),
                });
                provider.request(request.clone());
                drop(provider);
                request.answered().await
            }
            None => Err("it does not run".to_string()),
        };
        answer
            .map(Results)
            .map_err(|reason| wasmtime::Error::msg(format!("component {}: {reason}", self.name)))
    }
}
