//! What must hold for any bytes whatsoever: one function for each thing that a board reads from outside or from its flash.
//!
//! A function panics when its promise is broken and does nothing else. `firmware/fuzz` hands them to a fuzzer; the tests of
//! this crate replay its seeds and change them a few thousand times, the same on each run.

mod cron;
mod delta;
mod flash;
mod image;
mod link;
mod metadata;
mod ram;
mod trust;

pub use cron::cron;
pub use delta::delta;
pub use flash::{blocks, records};
pub use link::{cbor, frames};
pub use metadata::{Floats, Kind, Newtype, Shapes, Tree, Unit, postcard};
pub use trust::{cose, descriptor, envelope, rotation};

/// What is called with any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("blocks", blocks),
    ("cbor", cbor),
    ("cose", cose),
    ("cron", cron),
    ("delta", delta),
    ("descriptor", descriptor),
    ("envelope", envelope),
    ("frames", frames),
    ("postcard", postcard),
    ("records", records),
    ("rotation", rotation),
];
