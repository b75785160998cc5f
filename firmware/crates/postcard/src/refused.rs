//! What no artifact for boards holds, by the names that serde gets of Wasmtime's types. It is refused, so that no code to read
//! it is kept.
//!
//! | What | Why no artifact holds it |
//! |---|---|
//! | operators' costs | the compiler sets none; the table has over 600 fields, of which our `wasmparser` leaves one |
//! | array, structure, exception and continuation types, tags | garbage collection is not built into the compiler |
//! | maps, lists of a fixed length, futures, streams, error contexts | proposals that the compiler leaves off |
//! | types of core modules, and modules that are imported | a board has no core modules to give, and calls none |
//! | images of memories, numbers of 128 bits | the board profile leaves off `memory_init_cow` and `wasm_simd` |
//! | checksums that are not zero | they are for replaying recorded runs, which is not built into the compiler |
//! | the compiler's flags | the compiler for boards leaves them out: the profile stands for them |
//!
//! The compiler for boards reads what it made with this crate, and fails where a board would.

/// Whether a type of this name is refused.
#[inline(always)]
pub(crate) fn is_refused(name: &str) -> bool {
    matches!(
        name,
        "OperatorCost"
            | "WasmArrayType"
            | "WasmStructType"
            | "WasmExnType"
            | "WasmContType"
            | "Tag"
            | "TypeMap"
            | "TypeFixedLengthList"
            | "TypeFuture"
            | "TypeFutureTable"
            | "TypeStream"
            | "TypeStreamTable"
            | "TypeErrorContextTable"
            | "TypeModule"
            | "FlagValue"
    )
}

/// Whether all variants of an enumeration but the first are refused: modules that are imported, images of memories.
#[inline(always)]
pub(crate) fn first_alone(name: &str) -> bool {
    matches!(name, "InstantiateModule" | "MemoryInitialization")
}

/// Whether a type holds an array of bytes that must all be zero.
#[inline(always)]
pub(crate) fn is_zero(name: &str) -> bool {
    name == "WasmChecksum"
}
