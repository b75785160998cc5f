//! Which types of a component can be values here; checked when it is linked, before anything of it runs.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use wasmtime::ValRaw;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType};
use wasmtime::component::{ComponentNamedList, ComponentType, Resource};

use super::{Arguments, Value, other};
use crate::state::Handle;

/// Most core values of a parameter list before it moves to memory.
const MOST: usize = 16;

fn check(kind: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
    let all = types.types;
    match *kind {
        InterfaceType::Bool
        | InterfaceType::U8
        | InterfaceType::U16
        | InterfaceType::U32
        | InterfaceType::U64
        | InterfaceType::Float64
        | InterfaceType::String
        | InterfaceType::Enum(_) => Ok(()),
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            <Resource<Handle> as ComponentType>::typecheck(kind, types)
        }
        InterfaceType::List(at) => check(&all[at].element, types),
        InterfaceType::Option(at) => check(&all[at].ty, types),
        InterfaceType::Tuple(at) => all[at].types.iter().try_for_each(|kind| check(kind, types)),
        InterfaceType::Record(at) => all[at]
            .fields
            .iter()
            .try_for_each(|field| check(&field.ty, types)),
        InterfaceType::Result(at) => [&all[at].ok, &all[at].err]
            .into_iter()
            .flatten()
            .try_for_each(|kind| check(kind, types)),
        InterfaceType::Variant(at) => all[at]
            .cases
            .values()
            .flatten()
            .try_for_each(|kind| check(kind, types)),
        _ => Err(other()),
    }
}

/// Checks a list of parameters or results, and counts its core values.
fn flat(list: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<Option<usize>> {
    let InterfaceType::Tuple(at) = *list else {
        return Err(other());
    };
    check(list, types)?;
    Ok(types.types[at].abi.flat_count(MOST))
}

// SAFETY: the lowered form is a list of core values. `typecheck` accepts parameter lists of just that length alone, of kinds that
// `lift` knows, and lifting goes by the component's own type.
unsafe impl<const FLAT: usize> ComponentType for Arguments<FLAT> {
    type Lower = [ValRaw; FLAT];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(list: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        if flat(list, types)? == Some(FLAT) {
            Ok(())
        } else {
            Err(other())
        }
    }
}

// SAFETY: it stands for the whole parameter list.
unsafe impl<const FLAT: usize> ComponentNamedList for Arguments<FLAT> {}

// SAFETY: the lowered form is one core value, which a result is when it does not go to memory; `typecheck` refuses functions
// without a result. What goes to memory is laid out by the component's own type.
unsafe impl ComponentType for Value {
    type Lower = [ValRaw; 1];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(list: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        if flat(list, types)? == Some(0) {
            Err(other())
        } else {
            Ok(())
        }
    }
}

// SAFETY: it stands for the whole list of results, of which there is one.
unsafe impl ComponentNamedList for Value {}
