//! From the board to a component.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use core::mem::MaybeUninit;
use core::slice;

use wasmtime::ValRaw;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;

use super::{Parameters, Results, Value, layout, other};

/// Where values are written.
enum Target<'a> {
    /// Among core values.
    Core(&'a mut [MaybeUninit<ValRaw>]),
    /// In the component's memory.
    Memory,
}

// SAFETY: writes the core values that a result of this type has and no others, or to memory, where each write is checked
// against its bounds.
unsafe impl<const COUNT: usize, const OF: usize> Lower for Results<COUNT, OF> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        list: InterfaceType,
        flat: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        let count = cx.types.canonical_abi(&list).flat_count(1);
        // SAFETY: Wasmtime hands over its slice of as many core values as results of this type have. A reference to none of them,
        // which is all that `Lower` stands for, says nothing about those that lie there.
        let flat = unsafe {
            slice::from_raw_parts_mut(flat.as_mut_ptr().cast(), count.ok_or_else(other)?)
        };
        result(cx, list, &self.0, &mut Target::Core(flat), 0)
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        list: InterfaceType,
        at: usize,
    ) -> wasmtime::Result<()> {
        result(cx, list, &self.0, &mut Target::Memory, at)
    }
}

/// Writes the one result, if there is one.
fn result<T>(
    cx: &mut LowerContext<'_, T>,
    list: InterfaceType,
    value: &Value,
    target: &mut Target<'_>,
    mut at: usize,
) -> wasmtime::Result<()> {
    match layout::field(cx.types, list, 0) {
        Some(kind) => lower(cx, kind, value, target, &mut at),
        None => Ok(()),
    }
}

// SAFETY: writes as many core values as parameters of this type have, which are never more than there is place for, and the rest
// to memory, where each write is checked against its bounds.
unsafe impl Lower for Parameters {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        list: InterfaceType,
        flat: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        let flat: &mut [MaybeUninit<ValRaw>; Self::MOST] = flat.as_mut();
        let abi = cx.types.canonical_abi(&list);
        if let Some(count) = abi.flat_count(Self::MOST) {
            if let (0, Value::Many(values)) = (count, &self.0) {
                return values.is_empty().then_some(()).ok_or_else(other);
            }
            return lower(
                cx,
                list,
                &self.0,
                &mut Target::Core(&mut flat[..count]),
                &mut 0,
            );
        }
        let mut at = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
        flat[0].write(ValRaw::u64(at as u64));
        lower(cx, list, &self.0, &mut Target::Memory, &mut at)
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> wasmtime::Result<()> {
        Err(other())
    }
}

/// Writes a value to the place that follows on `at`, which moves behind it.
fn lower<T>(
    cx: &mut LowerContext<'_, T>,
    kind: InterfaceType,
    value: &Value,
    target: &mut Target<'_>,
    at: &mut usize,
) -> wasmtime::Result<()> {
    let types = cx.types;
    let abi = types.canonical_abi(&kind);
    let in_memory = matches!(target, Target::Memory);
    let place = layout::place(abi, in_memory, at);
    let number = match (kind, value) {
        (InterfaceType::Record(_) | InterfaceType::Tuple(_), Value::Many(values)) => {
            if layout::count(types, kind) != Some(values.len()) {
                return Err(other());
            }
            let mut at = place;
            for (number, value) in values.iter().enumerate() {
                let kind = layout::field(types, kind, number).ok_or_else(other)?;
                lower(cx, kind, value, target, &mut at)?;
            }
            return Ok(());
        }
        (_, Value::Case(case, payload)) => {
            let info = layout::cases(types, kind).ok_or_else(other)?;
            let kind = layout::case(types, kind, *case as usize).ok_or_else(other)?;
            let mut at = place + 1;
            if in_memory {
                at = place + info.payload_offset32 as usize;
            } else if let Target::Core(words) = target {
                let count = abi.flat_count(usize::MAX).ok_or_else(other)?;
                let words = words.get_mut(place..place + count).ok_or_else(other)?;
                words.fill(MaybeUninit::new(ValRaw::u64(0)));
            }
            write(cx, target, place, info.size.into(), (*case).into())?;
            return match (kind, payload) {
                (None, None) => Ok(()),
                (Some(kind), Some(payload)) => lower(cx, kind, payload, target, &mut at),
                _ => Err(other()),
            };
        }
        (InterfaceType::String, Value::Text(text)) => {
            let mut pair = MaybeUninit::uninit();
            text.linear_lower_to_flat(cx, kind, &mut pair)?;
            // SAFETY: a lowering that ends well has written it.
            let pair: [ValRaw; 2] = unsafe { pair.assume_init() };
            return pointer(cx, target, place, pair.map(|word| word.get_u32()));
        }
        (InterfaceType::List(at), _) => {
            let pair = list(cx, types[at].element, value)?;
            return pointer(cx, target, place, pair);
        }
        (InterfaceType::Own(_), Value::Handle(handle)) => {
            let mut raw = MaybeUninit::uninit();
            handle.linear_lower_to_flat(cx, kind, &mut raw)?;
            // SAFETY: a lowering that ends well has written it.
            unsafe { raw.assume_init() }.get_u32().into()
        }
        (InterfaceType::Float64, Value::Float(number)) => number.to_bits(),
        (InterfaceType::S8, Value::Number(number)) if !in_memory => (*number as i8 as u32).into(),
        (InterfaceType::S16, Value::Number(number)) if !in_memory => (*number as i16 as u32).into(),
        (
            InterfaceType::Bool
            | InterfaceType::S8
            | InterfaceType::U8
            | InterfaceType::S16
            | InterfaceType::U16
            | InterfaceType::S32
            | InterfaceType::U32
            | InterfaceType::S64
            | InterfaceType::U64
            | InterfaceType::Float32
            | InterfaceType::Char
            | InterfaceType::Enum(_)
            | InterfaceType::Flags(_),
            Value::Number(number),
        ) => *number,
        _ => return Err(other()),
    };
    write(cx, target, place, abi.size32 as usize, number)
}

/// Writes a list to memory of the component's own; where it starts, and its length.
fn list<T>(
    cx: &mut LowerContext<'_, T>,
    element: InterfaceType,
    value: &Value,
) -> wasmtime::Result<[u32; 2]> {
    let (start, length) = match value {
        Value::Bytes(bytes) if matches!(element, InterfaceType::U8) => {
            let start = cx.realloc(0, 0, 1, bytes.len())?;
            copy(cx, start, bytes)?;
            (start, bytes.len())
        }
        Value::Many(values) => {
            let abi = cx.types.canonical_abi(&element);
            let whole = (abi.size32 as usize).checked_mul(values.len());
            let start = cx.realloc(0, 0, abi.align32, whole.ok_or_else(other)?)?;
            let mut at = start;
            for value in values {
                lower(cx, element, value, &mut Target::Memory, &mut at)?;
            }
            (start, values.len())
        }
        _ => return Err(other()),
    };
    Ok([start as u32, length as u32])
}

/// Writes start and length of a text or a list.
fn pointer<T>(
    cx: &mut LowerContext<'_, T>,
    target: &mut Target<'_>,
    place: usize,
    [start, length]: [u32; 2],
) -> wasmtime::Result<()> {
    let next = match target {
        Target::Core(_) => place + 1,
        Target::Memory => place + 4,
    };
    write(cx, target, place, 4, start.into())?;
    write(cx, target, next, 4, length.into())
}

/// Writes a number of `size` bytes to its place.
fn write<T>(
    cx: &mut LowerContext<'_, T>,
    target: &mut Target<'_>,
    place: usize,
    size: usize,
    number: u64,
) -> wasmtime::Result<()> {
    match target {
        Target::Core(words) => {
            let word = words.get_mut(place).ok_or_else(other)?;
            word.write(ValRaw::u64(number));
            Ok(())
        }
        Target::Memory => copy(cx, place, &number.to_le_bytes()[..size]),
    }
}

fn copy<T>(cx: &mut LowerContext<'_, T>, at: usize, bytes: &[u8]) -> wasmtime::Result<()> {
    cx.as_slice_mut()
        .get_mut(at..at + bytes.len())
        .ok_or_else(other)?
        .copy_from_slice(bytes);
    Ok(())
}
