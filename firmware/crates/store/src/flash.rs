//! The flash below the store.

use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use crate::StoreError;

/// NOR flash whose bytes can be read in place. What is erased reads as ones, also where the flash encrypts what it keeps.
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
    /// States of workloads, sequence numbers, boot counter, crash records; at least two erase blocks.
    pub journal: Range<u32>,
    /// What guests keep; at least two erase blocks.
    pub key_value: Range<u32>,
    /// Start of the workload slots: A and B of the first workload, A and B of the second, ...
    pub workloads: u32,
    /// How many workloads there is room for.
    pub count: u8,
    /// Size of one slot.
    pub slot: u32,
}

/// Most bytes that one flash word can have.
pub const MAX_WORD: usize = 256;

/// Writes the parts one after the other from `address` on, through memory: what is written may lie in the flash itself, which
/// cannot be read while it is written. The last word is filled up with ones.
pub(crate) fn program<F: NorFlash>(
    flash: &mut F,
    address: u32,
    parts: &[&[u8]],
) -> Result<(), StoreError> {
    let mut buffer = Aligned([0xff; MAX_WORD]);
    let (mut address, mut filled) = (address, 0);
    let mut bytes = parts.iter().copied().flatten().peekable();
    while let Some(byte) = bytes.next() {
        buffer.0[filled] = *byte;
        filled += 1;
        if filled == MAX_WORD || bytes.peek().is_none() {
            let size = filled.next_multiple_of(F::WRITE_SIZE);
            flash
                .write(address, &buffer.0[..size])
                .map_err(|_| StoreError::Flash)?;
            address += size as u32;
            filled = 0;
            buffer.0.fill(0xff);
        }
    }
    Ok(())
}

/// Memory that suits flash controllers which want whole words.
#[repr(align(4))]
struct Aligned([u8; MAX_WORD]);
