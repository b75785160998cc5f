//! Sets of flags in the bits of a number, whose names are put in lower case as ASCII.
//!
//! Boards take this crate in the place of the one of the same name. Wasmtime keeps the features of WebAssembly in such a
//! set, and tells of one that is not supported with `flag.name().to_lowercase()`. For a `str` that takes tables of all of
//! Unicode; a [`Name`] here has a `to_lowercase` of its own. What else differs:
//!
//! - The macro makes sets of named flags; it knows neither flags without a name nor types that are declared elsewhere.
//! - `Debug` shows what the type derives, a number. Texts are not parsed, and sets are not serialised.

#![no_std]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub extern crate alloc;

mod flag;
mod set;

pub use flag::{Flag, Flags, Name};
