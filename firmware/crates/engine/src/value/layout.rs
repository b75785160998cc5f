//! How types that hold others are laid out.

use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{CanonicalAbiInfo, ComponentTypes, InterfaceType};

/// How many fields a record or a tuple has.
pub fn count(types: &ComponentTypes, kind: InterfaceType) -> Option<usize> {
    match kind {
        InterfaceType::Record(at) => Some(types[at].fields.len()),
        InterfaceType::Tuple(at) => Some(types[at].types.len()),
        _ => None,
    }
}

/// The type of the field of a record or a tuple at this place.
pub fn field(types: &ComponentTypes, kind: InterfaceType, place: usize) -> Option<InterfaceType> {
    match kind {
        InterfaceType::Record(at) => types[at].fields.get(place).map(|field| field.ty),
        InterfaceType::Tuple(at) => types[at].types.get(place).copied(),
        _ => None,
    }
}

/// How the cases of an option, a result or a variant lie in memory.
pub fn cases(types: &ComponentTypes, kind: InterfaceType) -> Option<&VariantInfo> {
    match kind {
        InterfaceType::Option(at) => Some(&types[at].info),
        InterfaceType::Result(at) => Some(&types[at].info),
        InterfaceType::Variant(at) => Some(&types[at].info),
        _ => None,
    }
}

/// The type of the payload of the case at this place, if it has one; none for a case that there is not.
pub fn case(
    types: &ComponentTypes,
    kind: InterfaceType,
    place: usize,
) -> Option<Option<InterfaceType>> {
    match kind {
        InterfaceType::Option(at) => [None, Some(types[at].ty)].get(place).copied(),
        InterfaceType::Result(at) => [types[at].ok, types[at].err].get(place).copied(),
        InterfaceType::Variant(at) => {
            let (_, payload) = types[at].cases.get_index(place)?;
            Some(*payload)
        }
        _ => None,
    }
}

/// Where a value lies whose place follows on `at`, which moves behind it: among core values, or in memory.
pub fn place(abi: &CanonicalAbiInfo, in_memory: bool, at: &mut usize) -> usize {
    if in_memory {
        return abi.next_field32_size(at);
    }
    let place = *at;
    *at += abi.flat_count(usize::MAX).unwrap_or_default();
    place
}
