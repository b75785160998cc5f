//! What must hold for any bytes whatsoever: one function for each thing that a board reads from outside or from its flash.
//!
//! A function panics when its promise is broken and does nothing else. `firmware/fuzz` hands them to a fuzzer; the tests of
//! this crate replay its seeds and change them a few thousand times, the same on each run.

mod flash;
mod link;
mod ram;
mod trust;

pub use flash::{blocks, records};
pub use link::{cbor, frames};
pub use trust::{cose, descriptor, envelope, rotation};

/// Every target by its name.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("blocks", blocks),
    ("cbor", cbor),
    ("cose", cose),
    ("descriptor", descriptor),
    ("envelope", envelope),
    ("frames", frames),
    ("records", records),
    ("rotation", rotation),
];
