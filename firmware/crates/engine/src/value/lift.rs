//! From a component to the board.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use alloc::string::String;
use alloc::vec::Vec;
use core::slice::Iter;

use wasmtime::ValRaw;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::component::{Lift, Resource};

use super::{Arguments, Value, other};

// SAFETY: reads the core values it is given and no others, and memory within its bounds.
unsafe impl<const FLAT: usize> Lift for Arguments<FLAT> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        list: InterfaceType,
        flat: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        list_of(cx, list, flat).map(Self)
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> wasmtime::Result<Self> {
        Err(other())
    }
}

fn list_of(
    cx: &mut LiftContext<'_>,
    list: InterfaceType,
    flat: &[ValRaw],
) -> wasmtime::Result<Vec<Value>> {
    let InterfaceType::Tuple(at) = list else {
        return Err(other());
    };
    let mut flat = flat.iter();
    let types = cx.types.clone();
    let kinds = types[at].types.iter();
    kinds.map(|kind| lift(cx, *kind, &mut flat)).collect()
}

/// A value from the core values that come next.
fn lift(
    cx: &mut LiftContext<'_>,
    kind: InterfaceType,
    flat: &mut Iter<'_, ValRaw>,
) -> wasmtime::Result<Value> {
    if let InterfaceType::Record(at) = kind {
        let types = cx.types.clone();
        let fields = types[at].fields.iter();
        let values = fields.map(|field| lift(cx, field.ty, flat));
        return values.collect::<wasmtime::Result<_>>().map(Value::Many);
    }
    let first = flat.next().ok_or_else(other)?;
    let number = first.get_u32();
    Ok(match kind {
        InterfaceType::Bool => Value::from(number != 0),
        InterfaceType::U8 => Value::from(number & 0xff),
        InterfaceType::U16 => Value::from(number & 0xffff),
        InterfaceType::U32 => Value::from(number),
        InterfaceType::U64 => Value::Number(first.get_u64()),
        InterfaceType::Float64 => Value::Float(f64::linear_lift_from_flat(cx, kind, first)?),
        InterfaceType::Enum(at) if (number as usize) < cx.types[at].names.len() => {
            Value::from(number)
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            Value::Handle(Resource::linear_lift_from_flat(cx, kind, first)?)
        }
        InterfaceType::String => {
            let pair = [*first, *flat.next().ok_or_else(other)?];
            Value::Text(String::linear_lift_from_flat(cx, kind, &pair)?)
        }
        InterfaceType::List(at) => {
            let length = flat.next().ok_or_else(other)?.get_u32();
            list(cx, cx.types[at].element, number as usize, length as usize)?
        }
        InterfaceType::Option(at) => {
            let payload = cx.types[at].ty;
            match number {
                0 => {
                    let count = cx.types.canonical_abi(&payload).flat_count(usize::MAX);
                    flat.by_ref().take(count.unwrap_or_default()).for_each(drop);
                    Value::case(0, ())
                }
                1 => Value::case(1, lift(cx, payload, flat)?),
                _ => return Err(other()),
            }
        }
        _ => return Err(other()),
    })
}

/// A value from where it lies in memory.
fn load(cx: &mut LiftContext<'_>, kind: InterfaceType, bytes: &[u8]) -> wasmtime::Result<Value> {
    Ok(match kind {
        InterfaceType::U32 => Value::Number(number(bytes, 0, 4)?),
        InterfaceType::U64 => Value::Number(number(bytes, 0, 8)?),
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            Value::Handle(Resource::linear_lift_from_memory(cx, kind, bytes)?)
        }
        InterfaceType::String => Value::Text(String::linear_lift_from_memory(cx, kind, bytes)?),
        InterfaceType::List(at) => {
            let (start, length) = (number(bytes, 0, 4)?, number(bytes, 4, 4)?);
            list(cx, cx.types[at].element, start as usize, length as usize)?
        }
        InterfaceType::Variant(at) => {
            let types = cx.types.clone();
            let variant = &types[at];
            let place = number(bytes, 0, variant.info.size.into())?;
            let (_, payload) = variant.cases.get_index(place as usize).ok_or_else(other)?;
            let value = match *payload {
                Some(kind) => {
                    let rest = bytes.get(variant.info.payload_offset32 as usize..);
                    load(cx, kind, rest.ok_or_else(other)?)?
                }
                None => Value::None,
            };
            Value::case(place as u32, value)
        }
        _ => return Err(other()),
    })
}

/// A list from the place in memory where it starts.
fn list(
    cx: &mut LiftContext<'_>,
    element: InterfaceType,
    start: usize,
    length: usize,
) -> wasmtime::Result<Value> {
    let abi = cx.types.canonical_abi(&element);
    let size = abi.size32 as usize;
    let bytes = length
        .checked_mul(size)
        .and_then(|bytes| cx.memory().get(start..start.checked_add(bytes)?))
        .filter(|_| start.is_multiple_of(abi.align32 as usize))
        .ok_or_else(|| wasmtime::Error::msg("list pointer/length out of bounds of memory"))?;
    if matches!(element, InterfaceType::U8) {
        cx.consume_fuel(length)?;
        return Ok(Value::Bytes(bytes.to_vec()));
    }
    cx.consume_fuel_array(length, size_of::<Value>())?;
    let values = bytes
        .chunks_exact(size)
        .map(|bytes| load(cx, element, bytes));
    values.collect::<wasmtime::Result<_>>().map(Value::Many)
}

/// The little-endian number of `size` bytes at `at`.
fn number(bytes: &[u8], at: usize, size: usize) -> wasmtime::Result<u64> {
    let bytes = bytes.get(at..at + size).ok_or_else(other)?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
