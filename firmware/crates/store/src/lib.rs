//! What a board keeps over power cuts: identity, the states of its workloads, and their bytes.
//!
//! | Module | Holds |
//! |---|---|
//! | [`Layout`], [`MappedFlash`] | the flash below |
//! | [`Identity`] | device name, site, key seed, trust anchors and the number of their last rotation |
//! | [`Record`] | the state of one workload, always written **before** what it announces is done |
//! | [`Boot`] | how often the board was started, and how many starts in a row did not last |
//! | [`Store::crashes`] | the last eight stops of guests |
//! | [`Store::value`] | what guests keep, by workload, bucket and key |
//! | [`Store::code`] | envelopes and code, two slots a workload, written in resumable blocks |
//!
//! All but the slots lies in three logs, which survive a cut at any instant. Slots are plain bytes: a cut leaves
//! at most the last write in doubt, and [`Store::resume_offset`] never continues over it.
#![no_std]

extern crate alloc;

mod crashes;
mod crc;
mod error;
mod flash;
mod identity;
mod item;
mod log;
mod record;
mod slots;
mod store;
mod values;

pub use error::StoreError;
pub use flash::{Layout, MAX_WORD, MappedFlash};
pub use identity::{Identity, read_anchors};
pub use record::{Accepted, Candidate, Outcome, Phase, Record, Release, Side};
pub use slots::Written;
pub use store::{Boot, Store};
pub use values::{MAX_VALUE, MAX_VALUE_KEY};
