//! Values that cross between a component and the board, or another component, told apart at run time.
//!
//! Wasmtime builds its adapters anew for each type of a function, over 50 KB of them for the board's interfaces.
//! Here one type stands for all values, so that a handful of adapters do. Unlike Wasmtime's own `Val` it keeps bytes as
//! bytes, names cases by their place, and takes no place in the table of handles.

mod kinds;
mod layout;
mod level;
mod lift;
mod lower;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::{self, Vec};

use wasmtime::component::Resource;

use crate::state::Handle;

pub use level::Severity;

/// One value.
#[derive(Default)]
pub enum Value {
    /// What a function without a result gives.
    #[default]
    None,
    /// A whole number, a truth value, a character, flags, the bits of an `f32`, or the place of an enumeration's case.
    Number(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Handle(Resource<Handle>),
    /// A case of an option, a result or a variant by its place, and its payload.
    Case(u32, Option<Box<Value>>),
    /// A record, a tuple, or a list of anything but bytes.
    Many(Vec<Value>),
}

impl Value {
    /// The case at `place`; a payload of nothing is none.
    pub fn case(place: u32, payload: impl Into<Self>) -> Self {
        let payload = payload.into();
        let some = !matches!(payload, Self::None);
        Self::Case(place, some.then(|| Box::new(payload)))
    }

    /// A record, a tuple or a list.
    pub fn many(values: impl IntoIterator<Item = Self>) -> Self {
        Self::Many(values.into_iter().collect())
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::None
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Number(value.into())
    }
}

impl From<u16> for Value {
    fn from(value: u16) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Resource<Handle>> for Value {
    fn from(value: Resource<Handle>) -> Self {
        Self::Handle(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        match value {
            None => Self::case(0, ()),
            Some(value) => Self::case(1, value),
        }
    }
}

impl<T: Into<Self>, E: Into<Self>> From<Result<T, E>> for Value {
    fn from(value: Result<T, E>) -> Self {
        match value {
            Ok(value) => Self::case(0, value),
            Err(error) => Self::case(1, error),
        }
    }
}

/// Stands for the number of what may be of any number and type; whoever links it has compared the types.
pub const ANY: usize = usize::MAX;

/// What a host function is called with: `FLAT` core values, one value after the other.
pub struct Arguments<const FLAT: usize>(pub Value);

/// What a host function gives back: `COUNT` values, one or none.
///
/// `OF` tells functions apart that wait. Each of their adapters then is the only one with its results, the compiler treats them
/// alike, and one adapter is left of them.
pub struct Results<const COUNT: usize, const OF: usize = 0>(pub Value);

/// What a component's function is called with: one value after the other, of the types that it has.
pub struct Parameters(pub Value);

impl Parameters {
    /// Most core values of a list of parameters; longer ones lie in memory.
    pub const MOST: usize = 16;
}

/// What a component's function answers.
pub struct Answer {
    /// The result, if there is one.
    pub value: Value,
    /// The place of the result in the component's memory, for what cleans up there.
    pub place: u32,
}

/// Arguments, each of which is taken once. An error is for a component that imports the function with another type.
pub struct Taken(vec::IntoIter<Value>);

impl From<Value> for Taken {
    /// The values of a list; anything else is one value.
    fn from(value: Value) -> Self {
        let values = match value {
            Value::Many(values) => values,
            value => alloc::vec![value],
        };
        Self(values.into_iter())
    }
}

impl Taken {
    pub fn value(&mut self) -> wasmtime::Result<Value> {
        self.0.next().ok_or_else(other)
    }

    pub fn number(&mut self) -> wasmtime::Result<u64> {
        match self.value()? {
            Value::Number(number) => Ok(number),
            _ => Err(other()),
        }
    }

    pub fn float(&mut self) -> wasmtime::Result<f64> {
        match self.value()? {
            Value::Float(number) => Ok(number),
            _ => Err(other()),
        }
    }

    pub fn text(&mut self) -> wasmtime::Result<String> {
        match self.value()? {
            Value::Text(text) => Ok(text),
            _ => Err(other()),
        }
    }

    pub fn bytes(&mut self) -> wasmtime::Result<Vec<u8>> {
        match self.value()? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(other()),
        }
    }

    pub fn handle(&mut self) -> wasmtime::Result<Resource<Handle>> {
        match self.value()? {
            Value::Handle(handle) => Ok(handle),
            _ => Err(other()),
        }
    }

    /// A case's place and its payload, if it has one.
    pub fn case(&mut self) -> wasmtime::Result<(u32, Self)> {
        match self.value()? {
            Value::Case(place, payload) => {
                let payload: Vec<_> = payload.into_iter().map(|payload| *payload).collect();
                Ok((place, Self(payload.into_iter())))
            }
            _ => Err(other()),
        }
    }

    /// The values of a record or of a list.
    pub fn many(&mut self) -> wasmtime::Result<Self> {
        match self.value()? {
            Value::Many(values) => Ok(Self(values.into_iter())),
            _ => Err(other()),
        }
    }

    /// Whether all were taken.
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}

/// Why the call ends: two sides do not mean the same type.
pub fn other() -> wasmtime::Error {
    wasmtime::Error::msg("another type than the interface has")
}
