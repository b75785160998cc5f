//! What the tests run the host with.

mod answer;
pub mod bundle;
mod desk;
pub mod patch;
mod requests;
pub mod rig;
mod runner;

pub use bundle::{Bundle, On, Part, script};
pub use desk::SLICE_US;
pub use requests::command;
pub use rig::Rig;

/// The vendor id of Petiole bundles.
pub const VENDOR: [u8; 16] = [
    0x86, 0x55, 0x37, 0xf5, 0xc3, 0x1a, 0x53, 0x23, 0xa1, 0xc3, 0x6e, 0xc0, 0x71, 0x21, 0x66, 0x7e,
];

/// Flash like the one of `boards/qemu-an505.toml`.
pub const SMALL_BLOCKS: usize = 4096;
/// Flash like the one of `boards/qemu-riscv32.toml`: a slot is one block.
pub const LARGE_BLOCKS: usize = 262_144;
