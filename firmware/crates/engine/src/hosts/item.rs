//! What interfaces consist of, and how it gets into a linker.

use alloc::boxed::Box;

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

use crate::state::{Handle, State};
use crate::value::{Arguments, Results, Taken, Value};

/// Does what a host function is for.
pub type Function = fn(&mut State, &mut Taken) -> wasmtime::Result<Value>;

/// Does what a host function is for that waits: `FLAT` core values as parameters, `COUNT` results. Of one type, so that one
/// adapter does for all.
pub type Async<const FLAT: usize, const COUNT: usize> = Box<
    dyn for<'a> Fn(StoreContextMut<'a, State>, Value) -> Waiting<'a, FLAT, COUNT> + Send + Sync,
>;

/// A host function that waits, at work.
pub type Waiting<'a, const FLAT: usize, const COUNT: usize> =
    Box<dyn Future<Output = wasmtime::Result<Results<COUNT, FLAT>>> + Send + 'a>;

/// One item of an interface.
pub enum Item {
    /// A resource, and what happens when the component gives one back.
    Resource(
        &'static str,
        fn(&mut State, Resource<Handle>) -> wasmtime::Result<()>,
    ),
    /// A function with a result, and the number of core values that its parameters come as.
    Function(&'static str, usize, Function),
    /// Whatever defines itself: functions without result, and those that wait.
    Own(fn(&mut LinkerInstance<'_, State>) -> wasmtime::Result<()>),
}

impl Item {
    /// Defines it.
    pub fn define(&self, instance: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
        match *self {
            Self::Own(define) => define(instance),
            Self::Resource(name, end) => {
                let kind = ResourceType::host::<Handle>();
                instance.resource(name, kind, move |mut store, number| {
                    end(store.data_mut(), Resource::new_own(number))
                })
            }
            Self::Function(name, flat, function) => match flat {
                0 => wrap::<0>(instance, name, function),
                1 => wrap::<1>(instance, name, function),
                2 => wrap::<2>(instance, name, function),
                3 => wrap::<3>(instance, name, function),
                4 => wrap::<4>(instance, name, function),
                5 => wrap::<5>(instance, name, function),
                _ => wrap::<7>(instance, name, function),
            },
        }
    }
}

fn wrap<const FLAT: usize>(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    function: Function,
) -> wasmtime::Result<()> {
    instance.func_wrap(
        name,
        move |mut store: StoreContextMut<'_, State>, Arguments(all): Arguments<FLAT>| {
            function(store.data_mut(), &mut all.into()).map(Results::<1>)
        },
    )
}

/// Defines a function that waits.
pub fn wait<const FLAT: usize, const COUNT: usize>(
    instance: &mut LinkerInstance<'_, State>,
    name: &str,
    function: Async<FLAT, COUNT>,
) -> wasmtime::Result<()> {
    instance.func_wrap_async(name, move |store, Arguments(all): Arguments<FLAT>| {
        function(store, all)
    })
}

/// What a function answers, as a value.
pub fn answer(result: wasmtime::Result<impl Into<Value>>) -> wasmtime::Result<Value> {
    result.map(Into::into)
}
