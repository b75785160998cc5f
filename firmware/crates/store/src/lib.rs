//! What a board keeps over power cuts: identity, the states of its workloads, and their bytes.
//!
//! | Module | Holds |
//! |---|---|
//! | [`Layout`], [`MappedFlash`] | the flash below |
//! | [`Identity`] | device name, site, key seed, trust anchors: written once |
//! | [`Record`] | the state of one workload, always written **before** what it announces is done |
//! | [`Slots`](crate::Store) | envelopes and code, two slots a workload, written in resumable blocks |
//!
//! Identity and records lie in `sequential-storage` maps, which survive a cut at any instant. Slots are plain bytes: a cut leaves
//! at most the last write in doubt, and [`Store::resume_offset`] never continues over it.
#![no_std]

extern crate alloc;

mod error;
mod flash;
mod identity;
mod map;
mod record;
mod slots;
mod store;

pub use error::StoreError;
pub use flash::{Layout, MappedFlash};
pub use identity::Identity;
pub use record::{Accepted, Candidate, Outcome, Phase, Record, Release, Side};
pub use slots::{LARGEST_WRITE, Written};
pub use store::Store;
