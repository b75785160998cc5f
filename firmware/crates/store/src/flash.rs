//! The flash below the store.

use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

/// NOR flash whose bytes can be read in place.
///
/// # Safety
/// [`MappedFlash::mapped`] must point at the flash's bytes for as long as the program runs; they may change by
/// [`NorFlash::write`] and [`NorFlash::erase`] alone, and only where a caller asked for it.
pub unsafe trait MappedFlash: NorFlash {
    /// The `length` bytes from `offset`, both relative to the flash's start.
    ///
    /// # Panics
    /// When the range does not lie in the flash.
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8];
}

/// Which parts of the flash are used for what. Offsets are relative to the flash's start, in bytes, and multiples of
/// its erase size.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Identity and trust anchors; at least two erase blocks.
    pub settings: Range<u32>,
    /// States of workloads, sequence numbers, boot counter; at least two erase blocks.
    pub journal: Range<u32>,
    /// Start of the workload slots: A and B of the first workload, A and B of the second, ...
    pub workloads: u32,
    /// How many workloads there is room for.
    pub count: u8,
    /// Size of one slot.
    pub slot: u32,
}
