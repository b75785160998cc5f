//! From a component to the board.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use wasmtime::ValRaw;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::component::{Lift, Resource};

use super::{Answer, Arguments, Value, layout, other};

/// Where values are read.
enum Source<'a> {
    /// Among core values.
    Core(&'a [ValRaw]),
    /// In all of the component's memory.
    Memory(&'a [u8]),
}

impl Source<'_> {
    const fn is_memory(&self) -> bool {
        matches!(self, Self::Memory(_))
    }

    /// The number of `size` bytes at this place.
    fn number(&self, at: usize, size: usize) -> wasmtime::Result<u64> {
        match self {
            Self::Core(words) => {
                let unused = 64_u32.saturating_sub(8 * size as u32);
                let mask = u64::MAX.checked_shr(unused).unwrap_or_default();
                Ok(words.get(at).ok_or_else(other)?.get_u64() & mask)
            }
            Self::Memory(bytes) => {
                let end = at.checked_add(size);
                let bytes = end.and_then(|end| bytes.get(at..end)).ok_or_else(outside)?;
                Ok(bytes
                    .iter()
                    .rev()
                    .fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
        }
    }

    /// Start and length of a text or a list.
    fn pair(&self, at: usize) -> wasmtime::Result<[u32; 2]> {
        let next = if self.is_memory() { at + 4 } else { at + 1 };
        Ok([self.number(at, 4)? as u32, self.number(next, 4)? as u32])
    }
}

fn outside() -> wasmtime::Error {
    wasmtime::Error::msg("pointer/length out of bounds of memory")
}

fn no_case() -> wasmtime::Error {
    wasmtime::Error::msg("a case that the type does not have")
}

// `inline` as it is leaves adapters that are the same, whatever their `FLAT`: the compiler keeps one of them.
// SAFETY: reads the core values that parameters of this type have and no others, and memory within its bounds.
unsafe impl<const FLAT: usize> Lift for Arguments<FLAT> {
    #[inline(always)]
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        list: InterfaceType,
        flat: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        // SAFETY: Wasmtime hands over the place in its slice of core values where the parameters begin, and has checked that
        // there are as many as their type has. A reference to none of them, which is all that `Lower` stands for, says nothing
        // about those that lie there.
        unsafe { core_values(cx, list, flat.as_ptr()) }.map(Self)
    }

    #[inline(always)]
    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        list: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let memory = cx.memory();
        let mut place = bytes.as_ptr().addr() - memory.as_ptr().addr();
        lift(cx, list, &Source::Memory(memory), &mut place).map(Self)
    }
}

/// All parameters, from core values.
///
/// # Safety
///
/// From `first` on lie as many core values as the list of parameters has.
#[inline(never)]
unsafe fn core_values(
    cx: &mut LiftContext<'_>,
    list: InterfaceType,
    first: *const ValRaw,
) -> wasmtime::Result<Value> {
    let count = cx.types.canonical_abi(&list).flat_count(usize::MAX);
    // SAFETY: as the caller says.
    let flat = unsafe { slice::from_raw_parts(first, count.ok_or_else(other)?) };
    lift(cx, list, &Source::Core(flat), &mut 0)
}

// SAFETY: reads one core value, of functions that have a result, and memory within its bounds.
unsafe impl Lift for Answer {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        list: InterfaceType,
        flat: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let mut answer = Self {
            value: Value::None,
            place: 0,
        };
        let Some(kind) = layout::field(cx.types, list, 0) else {
            return Ok(answer);
        };
        let abi = cx.types.canonical_abi(&kind);
        let mut at = 0;
        answer.value = if abi.flat_count(flat.len()).is_some() {
            lift(cx, kind, &Source::Core(flat), &mut at)?
        } else {
            answer.place = flat[0].get_u32();
            at = answer.place as usize;
            if !at.is_multiple_of(abi.align32 as usize) {
                return Err(wasmtime::Error::msg("return pointer not aligned"));
            }
            let memory = cx.memory();
            lift(cx, kind, &Source::Memory(memory), &mut at)?
        };
        Ok(answer)
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> wasmtime::Result<Self> {
        Err(other())
    }
}

/// A value whose place follows on `at`, which moves behind it.
fn lift(
    cx: &mut LiftContext<'_>,
    kind: InterfaceType,
    source: &Source<'_>,
    at: &mut usize,
) -> wasmtime::Result<Value> {
    let types = &**cx.types;
    let abi = types.canonical_abi(&kind);
    let place = layout::place(abi, source.is_memory(), at);
    match kind {
        InterfaceType::Record(_) | InterfaceType::Tuple(_) => {
            let count = layout::count(types, kind).unwrap_or_default();
            if source.is_memory() {
                cx.consume_fuel_array(count, size_of::<Value>())?;
            }
            let mut values = Vec::with_capacity(count);
            let mut at = place;
            while let Some(kind) = layout::field(types, kind, values.len()) {
                values.push(lift(cx, kind, source, &mut at)?);
            }
            Ok(Value::Many(values))
        }
        InterfaceType::Option(_) | InterfaceType::Result(_) | InterfaceType::Variant(_) => {
            let info = layout::cases(types, kind).ok_or_else(other)?;
            let (size, mut at) = if source.is_memory() {
                let payload = place + info.payload_offset32 as usize;
                (usize::from(info.size), payload)
            } else {
                (4, place + 1)
            };
            let case = source.number(place, size)? as u32;
            let payload = match layout::case(types, kind, case as usize).ok_or_else(no_case)? {
                Some(kind) => {
                    if source.is_memory() {
                        cx.consume_fuel(size_of::<Value>())?;
                    }
                    Some(Box::new(lift(cx, kind, source, &mut at)?))
                }
                None => None,
            };
            Ok(Value::Case(case, payload))
        }
        InterfaceType::String => {
            let pair = source.pair(place)?.map(ValRaw::u32);
            String::linear_lift_from_flat(cx, kind, &pair).map(Value::Text)
        }
        InterfaceType::List(at) => list(cx, types[at].element, source.pair(place)?),
        _ => {
            let size = match kind {
                InterfaceType::Bool | InterfaceType::Enum(_) | InterfaceType::Flags(_)
                    if !source.is_memory() =>
                {
                    4
                }
                _ => abi.size32 as usize,
            };
            single(cx, kind, source.number(place, size)?)
        }
    }
}

/// A value that is one number for a component.
fn single(cx: &mut LiftContext<'_>, kind: InterfaceType, number: u64) -> wasmtime::Result<Value> {
    let number = match kind {
        InterfaceType::Bool => (number != 0).into(),
        InterfaceType::Float64 => return Ok(Value::Float(f64::from_bits(number))),
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            let raw = ValRaw::u32(number as u32);
            return Resource::linear_lift_from_flat(cx, kind, &raw).map(Value::Handle);
        }
        InterfaceType::Char => char::try_from(number as u32)?.into(),
        InterfaceType::Enum(at) if number >= cx.types[at].names.len() as u64 => {
            return Err(no_case());
        }
        InterfaceType::Flags(at) => {
            let unused = 64_u32.saturating_sub(cx.types[at].names.len() as u32);
            number & u64::MAX.checked_shr(unused).unwrap_or_default()
        }
        InterfaceType::Enum(_)
        | InterfaceType::S8
        | InterfaceType::U8
        | InterfaceType::S16
        | InterfaceType::U16
        | InterfaceType::S32
        | InterfaceType::U32
        | InterfaceType::S64
        | InterfaceType::U64
        | InterfaceType::Float32 => number,
        _ => return Err(other()),
    };
    Ok(Value::Number(number))
}

/// A list from the place in memory where it starts, and its length.
fn list(
    cx: &mut LiftContext<'_>,
    element: InterfaceType,
    [start, length]: [u32; 2],
) -> wasmtime::Result<Value> {
    let (mut at, length) = (start as usize, length as usize);
    let memory = cx.memory();
    let abi = cx.types.canonical_abi(&element);
    let bytes = length
        .checked_mul(abi.size32 as usize)
        .and_then(|bytes| memory.get(at..at.checked_add(bytes)?))
        .filter(|_| at.is_multiple_of(abi.align32 as usize))
        .ok_or_else(|| wasmtime::Error::msg("list pointer/length out of bounds of memory"))?;
    if matches!(element, InterfaceType::U8) {
        cx.consume_fuel(length)?;
        return Ok(Value::Bytes(bytes.to_vec()));
    }
    cx.consume_fuel_array(length, size_of::<Value>())?;
    let mut values = Vec::with_capacity(length);
    for _ in 0..length {
        values.push(lift(cx, element, &Source::Memory(memory), &mut at)?);
    }
    Ok(Value::Many(values))
}
