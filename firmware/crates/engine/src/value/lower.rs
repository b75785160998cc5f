//! From the board to a component.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use core::mem::MaybeUninit;

use wasmtime::ValRaw;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;

use super::{Value, other};

// SAFETY: writes the one core value it is given, or to memory, where each write is checked against its bounds.
unsafe impl Lower for Value {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        list: InterfaceType,
        flat: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        let kind = only(cx, list)?;
        let raw = match (kind, self) {
            (InterfaceType::Own(_), Self::Handle(handle)) => {
                let mut raw = MaybeUninit::uninit();
                handle.linear_lower_to_flat(cx, kind, &mut raw)?;
                // SAFETY: a lowering that ends well has written it.
                unsafe { raw.assume_init() }
            }
            (InterfaceType::U64, Self::Number(number)) => ValRaw::u64(*number),
            (
                InterfaceType::Bool
                | InterfaceType::U8
                | InterfaceType::U16
                | InterfaceType::U32
                | InterfaceType::Enum(_),
                Self::Number(number),
            ) => ValRaw::u32(*number as u32),
            _ => return Err(other()),
        };
        flat.write([raw]);
        Ok(())
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        list: InterfaceType,
        at: usize,
    ) -> wasmtime::Result<()> {
        let kind = only(cx, list)?;
        store(cx, kind, at, self)
    }
}

/// The one result.
fn only<T>(cx: &LowerContext<'_, T>, list: InterfaceType) -> wasmtime::Result<InterfaceType> {
    match list {
        InterfaceType::Tuple(at) => cx.types[at].types.first().copied().ok_or_else(other),
        _ => Err(other()),
    }
}

/// Writes a value to its place in memory.
fn store<T>(
    cx: &mut LowerContext<'_, T>,
    kind: InterfaceType,
    at: usize,
    value: &Value,
) -> wasmtime::Result<()> {
    let types = cx.types;
    match (kind, value) {
        (_, Value::Number(number)) => {
            let size = match kind {
                InterfaceType::Bool | InterfaceType::U8 => 1,
                InterfaceType::U16 => 2,
                InterfaceType::U32 => 4,
                InterfaceType::U64 => 8,
                InterfaceType::Enum(kind) => types[kind].info.size.into(),
                _ => return Err(other()),
            };
            write(cx, at, &number.to_le_bytes()[..size])
        }
        (InterfaceType::Own(_), Value::Handle(handle)) => {
            handle.linear_lower_to_memory(cx, kind, at)
        }
        (InterfaceType::String, Value::Text(text)) => text.linear_lower_to_memory(cx, kind, at),
        (InterfaceType::List(list), Value::Bytes(bytes))
            if matches!(types[list].element, InterfaceType::U8) =>
        {
            let start = cx.realloc(0, 0, 1, bytes.len())?;
            write(cx, start, bytes)?;
            pointer(cx, at, start, bytes.len())
        }
        (InterfaceType::List(list), Value::Many(values)) => {
            let element = types[list].element;
            let abi = types.canonical_abi(&element);
            let (size, align) = (abi.size32 as usize, abi.align32);
            let whole = size.checked_mul(values.len()).ok_or_else(other)?;
            let start = cx.realloc(0, 0, align, whole)?;
            for (place, value) in values.iter().enumerate() {
                store(cx, element, start + place * size, value)?;
            }
            pointer(cx, at, start, values.len())
        }
        (InterfaceType::Record(record), Value::Many(values)) => {
            let fields = types[record].fields.iter().map(|field| field.ty);
            many(cx, fields, at, values)
        }
        (InterfaceType::Tuple(tuple), Value::Many(values)) => {
            many(cx, types[tuple].types.iter().copied(), at, values)
        }
        (_, Value::Case(place, payload)) => {
            let (info, payload_kind) = match kind {
                InterfaceType::Option(option) => {
                    let option = &types[option];
                    (
                        &option.info,
                        [None, Some(option.ty)].get(*place as usize).copied(),
                    )
                }
                InterfaceType::Result(result) => {
                    let result = &types[result];
                    (
                        &result.info,
                        [result.ok, result.err].get(*place as usize).copied(),
                    )
                }
                InterfaceType::Variant(variant) => {
                    let variant = &types[variant];
                    let case = variant.cases.get_index(*place as usize);
                    (&variant.info, case.map(|(_, payload)| *payload))
                }
                _ => return Err(other()),
            };
            let payload_at = at + info.payload_offset32 as usize;
            write(cx, at, &place.to_le_bytes()[..info.size.into()])?;
            match (payload_kind, &**payload) {
                (Some(None), Value::None) => Ok(()),
                (Some(Some(kind)), payload) => store(cx, kind, payload_at, payload),
                _ => Err(other()),
            }
        }
        _ => Err(other()),
    }
}

/// Writes the fields of a record or a tuple one after the other.
fn many<T>(
    cx: &mut LowerContext<'_, T>,
    kinds: impl ExactSizeIterator<Item = InterfaceType>,
    mut at: usize,
    values: &[Value],
) -> wasmtime::Result<()> {
    if kinds.len() != values.len() {
        return Err(other());
    }
    for (kind, value) in kinds.zip(values) {
        let place = cx.types.canonical_abi(&kind).next_field32_size(&mut at);
        store(cx, kind, place, value)?;
    }
    Ok(())
}

fn pointer<T>(
    cx: &mut LowerContext<'_, T>,
    at: usize,
    start: usize,
    length: usize,
) -> wasmtime::Result<()> {
    write(cx, at, &(start as u32).to_le_bytes())?;
    write(cx, at + 4, &(length as u32).to_le_bytes())
}

fn write<T>(cx: &mut LowerContext<'_, T>, at: usize, bytes: &[u8]) -> wasmtime::Result<()> {
    cx.as_slice_mut()
        .get_mut(at..at + bytes.len())
        .ok_or_else(other)?
        .copy_from_slice(bytes);
    Ok(())
}
