//! NOR flash for tests: minds the rules, and loses power in the middle of any operation.
//!
//! Rules: whole words, no word twice without an erase between (flash with error correction or encryption wants that, plain flash
//! would take more), whole blocks, and nothing changes under code that runs. A cut leaves what flash leaves: of a program
//! operation some words, and words of which only some bits were cleared; of an erase any bits at all in the block that was being
//! erased, which has to be erased again before anything is written there.

mod chip;
mod dice;

pub use chip::{Cut, Dead, Nor, Pinned, Snapshot};
pub use dice::Dice;

/// Erase block and word of the flash of a board, bytes.
///
/// `qemu-an505` and plain SPI flash beside an ESP32: 4 KB and 4. `qemu-riscv32`: 256 KB and 4. RP2350: 4 KB, programmed in
/// pages of 256. ESP32 with flash encryption: 4 KB and 32. STM32F405: its sectors of 16, 64 and 128 KB have no common block but
/// the largest; with a firmware of 384 KB only four are left, too few for three logs and two slots, so its data flash is outside
/// of the chip, or the chip is the one of 2 MB: 128 KB and 4.
pub mod geometry {
    /// `qemu-an505`, and ESP32 without encryption.
    pub type Small = super::Nor<4096, 4>;
    /// `qemu-riscv32`: a slot is one block.
    pub type Large = super::Nor<262_144, 4>;
    /// RP2350: whole pages are programmed.
    pub type Pages = super::Nor<4096, 256>;
    /// ESP32 with flash encryption.
    pub type Encrypted = super::Nor<4096, 32>;
    /// The large sectors of STM32F4.
    pub type Sectors = super::Nor<131_072, 4>;
}
