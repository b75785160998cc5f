//! One item of a log: a key with a value, or that it was deleted, or a note of the log itself.

use core::ops::Range;

use crate::crc::crc32;
use crate::flash::MappedFlash;

/// CRC-32, key length, kind, value length.
const HEADER: usize = 8;

/// A key has this value from here on.
pub const VALUE: u8 = 1;
/// A key has no value from here on.
pub const DELETED: u8 = 2;
/// Its value is the number of the oldest block that counts from here on.
pub const MOVED: u8 = 3;

/// An item in flash.
pub struct Item {
    bytes: &'static [u8],
    pub kind: u8,
    pub key: &'static [u8],
    pub value: &'static [u8],
    /// Where the next item begins.
    pub end: u32,
}

impl Item {
    /// The item at the start of `place`, which ends with its block; none when it does not fit or nothing was written.
    pub fn read<F: MappedFlash>(flash: &F, place: Range<u32>) -> Option<Self> {
        let rest = flash.mapped(place.start, place.end - place.start);
        let (header, data) = rest.split_first_chunk::<HEADER>()?;
        let [.., key, kind, low, high] = *header;
        if *header == [0xff; HEADER] {
            return None;
        }
        let (key, data) = data.split_at_checked(usize::from(key))?;
        let value = data.get(..usize::from(u16::from_le_bytes([low, high])))?;
        Some(Self {
            bytes: &rest[..HEADER + key.len() + value.len()],
            kind,
            key,
            value,
            end: place.start + item_size::<F>(key.len(), value.len()),
        })
    }

    /// Whether its CRC fits.
    pub fn is_good(&self) -> bool {
        self.bytes
            .split_first_chunk()
            .is_some_and(|(sum, body)| crc32(&[body]) == u32::from_le_bytes(*sum))
    }
}

/// Bytes that an item takes in flash.
pub const fn item_size<F: MappedFlash>(key: usize, value: usize) -> u32 {
    (HEADER + key + value).next_multiple_of(F::WRITE_SIZE) as u32
}
