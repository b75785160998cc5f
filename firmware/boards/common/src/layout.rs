//! A board's numbers, as `petiole-layout` writes them out of `boards/*.toml`.

use core::ops::Range;

/// All numbers of a board.
pub struct Layout {
    /// The board's name.
    pub board: &'static str,
    /// Rate of the board's timer in Hz.
    pub timer_hz: u32,
    /// Heap size in bytes.
    pub heap: usize,
    /// The data flash.
    pub flash: Geometry,
    /// Its parts.
    pub regions: Regions,
    /// How many workloads the board holds.
    pub workloads: u8,
    /// Size in bytes of each of a workload's two slots.
    pub slot: u32,
    /// Labels and the WIT interface behind each.
    pub labels: &'static [(&'static str, &'static str)],
}

/// Address and sizes of the memory-mapped data flash, in bytes.
#[derive(Clone, Copy)]
pub struct Geometry {
    /// First address.
    pub base: usize,
    /// Size.
    pub size: usize,
    /// Erase block.
    pub erase: usize,
    /// Smallest unit of programming.
    pub write: usize,
}

/// Parts of the data flash, as byte offsets into it.
pub struct Regions {
    /// Identity, trust anchors, site.
    pub settings: Range<u32>,
    /// States, sequence numbers, crash records.
    pub journal: Range<u32>,
    /// Slots A and B of each workload.
    pub workloads: Range<u32>,
    /// Key-value store of the guests.
    pub key_value: Range<u32>,
    /// Records waiting for the fleet.
    pub outbox: Range<u32>,
}
