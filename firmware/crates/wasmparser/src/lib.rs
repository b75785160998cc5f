//! [wasmparser](https://docs.rs/wasmparser) with an empty list of operators; all else is the published crate, one version on.
//!
//! Boards take this crate in the place of the one of the same name. They parse no WebAssembly, but Wasmtime makes a struct
//! of the list, a cost for each of 620 operators, and compares two of them field by field when it checks an artifact.
//! Boards set no costs, and our `postcard` refuses artifacts that do.
//!
//! A crate cannot be made of another version that cargo takes for the same. The next one differs in two checks of its
//! validator, which boards do not have.

#![no_std]
#![forbid(unsafe_code)]

pub use published::*;

/// Calls the macro of this name with all operators that boards know costs of: none.
#[macro_export]
macro_rules! for_each_operator {
    ($each:ident) => {
        $each! {}
    };
}
