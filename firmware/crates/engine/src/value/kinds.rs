//! Which types of a component can be values here; checked when it is linked, before anything of it runs.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use wasmtime::ValRaw;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType};
use wasmtime::component::{ComponentNamedList, ComponentType, Resource};

use super::{ANY, Answer, Arguments, Parameters, Results, layout, other};
use crate::state::Handle;

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

// SAFETY: the lowered form stands for none of the core values: `lift` reads as many as the component's own type has, of which
// Wasmtime has made sure. What lies in memory is laid out by that type, too.
unsafe impl<const FLAT: usize> ComponentType for Arguments<FLAT> {
    type Lower = [ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(list: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        if FLAT == ANY {
            return Ok(());
        }
        check(list, types)?;
        let found = types.types.canonical_abi(list).flat_count(Parameters::MOST);
        (found == Some(FLAT)).then_some(()).ok_or_else(other)
    }
}

// SAFETY: it stands for the whole parameter list.
unsafe impl<const FLAT: usize> ComponentNamedList for Arguments<FLAT> {}

// SAFETY: as for arguments: `lower` writes as many core values as the component's own type has.
unsafe impl<const COUNT: usize, const OF: usize> ComponentType for Results<COUNT, OF> {
    type Lower = [ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(list: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        if COUNT == ANY {
            return Ok(());
        }
        check(list, types)?;
        let found = layout::count(types.types, *list);
        (found == Some(COUNT)).then_some(()).ok_or_else(other)
    }
}

// SAFETY: it stands for the whole list of results.
unsafe impl<const COUNT: usize, const OF: usize> ComponentNamedList for Results<COUNT, OF> {}

// SAFETY: the lowered form is as long as the longest list of parameters outside of memory; `lower` writes as many of them as
// the component's own type has.
unsafe impl ComponentType for Parameters {
    type Lower = [ValRaw; Self::MOST];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: it stands for the whole parameter list.
unsafe impl ComponentNamedList for Parameters {}

// SAFETY: the lowered form is one core value, the most that results have outside of memory; `lift` reads it where the
// component's own type has it.
unsafe impl ComponentType for Answer {
    type Lower = [ValRaw; 1];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: it stands for the whole list of results.
unsafe impl ComponentNamedList for Answer {}
