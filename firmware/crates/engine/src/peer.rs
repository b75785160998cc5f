//! Calls between components of one workload that the host carries: each keeps its own store, memory and fuel.
//!
//! Values alone cross: a resource of one store means nothing in another.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::{Rc, Weak};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Poll, Waker};

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{ComponentExportIndex, Linker, Val};

use crate::LoadError;
use crate::call::find;
use crate::error::load_error;
use crate::local::Local;
use crate::mailbox::Mailbox;
use crate::state::State;

/// Another component of the workload: its name, and the guest that runs it.
pub type Peer<'a> = (&'a str, Rc<Mailbox>);

/// A call on its way from one guest to another.
pub struct Request {
    /// The function, in the provider's component.
    pub function: ComponentExportIndex,
    /// What it is called with.
    pub parameters: Vec<Val>,
    /// How many values it gives back.
    pub results: usize,
    answer: RefCell<Option<Result<Vec<Val>, String>>>,
    waker: RefCell<Option<Waker>>,
}

impl Request {
    /// Answers the call; an error is why there is none. Only the first answer counts.
    pub fn answer(&self, answer: Result<Vec<Val>, String>) {
        self.answer.borrow_mut().get_or_insert(answer);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn answered(&self) -> Result<Vec<Val>, String> {
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
            ComponentItem::ComponentFunc(function) => {
                !function.async_()
                    && function.params().all(|(_, kind)| is_value(&kind))
                    && function.results().all(|kind| is_value(&kind))
            }
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

fn is_value(kind: &Type) -> bool {
    match kind {
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            false
        }
        Type::List(list) => is_value(&list.ty()),
        Type::FixedLengthList(list) => is_value(&list.ty()),
        Type::Map(map) => is_value(&map.key()) && is_value(&map.value()),
        Type::Record(record) => record.fields().all(|field| is_value(&field.ty)),
        Type::Tuple(tuple) => tuple.types().all(|kind| is_value(&kind)),
        Type::Variant(variant) => variant
            .cases()
            .all(|case| case.ty.is_none_or(|kind| is_value(&kind))),
        Type::Option(option) => is_value(&option.ty()),
        Type::Result(result) => [result.ok(), result.err()].iter().flatten().all(is_value),
        _ => true,
    }
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
        let define = instance.func_new_async(function, move |_, _, parameters, results| {
            let caller = caller.get().clone();
            Box::new(Local::new(
                async move { caller.call(parameters, results).await },
            ))
        });
        define.map_err(load_error)?;
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
    let fits = offered
        .params()
        .map(|(_, kind)| kind)
        .eq(wanted.params().map(|(_, kind)| kind))
        && offered.results().eq(wanted.results());
    fits.then_some(index)
}

/// One function of a peer, as the consumer's linker holds it.
struct Caller {
    name: String,
    provider: Weak<Mailbox>,
    function: ComponentExportIndex,
}

impl Caller {
    async fn call(&self, parameters: &[Val], results: &mut [Val]) -> wasmtime::Result<()> {
        let answer = match self.provider.upgrade() {
            Some(provider) => {
                let request = Rc::new(Request {
                    function: self.function,
                    parameters: parameters.to_vec(),
                    results: results.len(),
                    answer: RefCell::default(),
                    waker: RefCell::default(),
                });
                provider.request(request.clone());
                drop(provider);
                request.answered().await
            }
            None => Err("it does not run".to_string()),
        };
        let values = answer
            .map_err(|reason| wasmtime::Error::msg(format!("component {}: {reason}", self.name)))?;
        for (result, value) in results.iter_mut().zip(values) {
            *result = value;
        }
        Ok(())
    }
}
