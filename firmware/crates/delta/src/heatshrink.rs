//! Heatshrink decompression (LZSS in a bit stream, highest bit first).
//!
//! ```text
//! 1 + 8 bits                                     a byte
//! 0 + window bits (w) + lookahead bits (n)       the n + 1 bytes that came w + 1 bytes ago
//! ```
//! Bytes from before the start are zero.

use crate::Malformed;

/// Largest window, bytes.
const WINDOW: usize = 256;
/// Most bits of a distance or a count.
const MOST_BITS: u8 = 8;

#[derive(Debug, Clone, Copy)]
enum Wants {
    Tag,
    Byte,
    Distance,
    Count,
}

/// A decompressor that takes a byte at a time.
#[derive(Debug)]
pub struct Heatshrink {
    window: [u8; WINDOW],
    place: u8,
    window_bits: u8,
    count_bits: u8,
    wants: Wants,
    distance: u8,
    bits: u16,
    held: u8,
}

impl Heatshrink {
    /// As the first byte of a compressed stream says: bits of the window less 4, bits of a count less 3.
    pub fn new(sizes: u8) -> Result<Self, Malformed> {
        let (window_bits, count_bits) = ((sizes >> 4) + 4, (sizes & 15) + 3);
        if window_bits > MOST_BITS || count_bits >= window_bits {
            return Err(Malformed);
        }
        Ok(Self {
            window: [0; WINDOW],
            place: 0,
            window_bits,
            count_bits,
            wants: Wants::Tag,
            distance: 0,
            bits: 0,
            held: 0,
        })
    }

    /// Takes a byte and hands what comes out of it to `out`, at most 258 bytes.
    pub fn feed(
        &mut self,
        byte: u8,
        out: &mut dyn FnMut(u8) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.bits = self.bits << 8 | u16::from(byte);
        self.held += 8;
        loop {
            let wanted = match self.wants {
                Wants::Tag => 1,
                Wants::Byte => 8,
                Wants::Distance => self.window_bits,
                Wants::Count => self.count_bits,
            };
            let Some(held) = self.held.checked_sub(wanted) else {
                return Ok(());
            };
            let value = (self.bits >> held) as u8;
            self.held = held;
            self.bits &= (1 << held) - 1;
            self.wants = match self.wants {
                Wants::Tag if value == 1 => Wants::Byte,
                Wants::Tag => Wants::Distance,
                Wants::Byte => {
                    self.put(value, out)?;
                    Wants::Tag
                }
                Wants::Distance => {
                    self.distance = value;
                    Wants::Count
                }
                Wants::Count => {
                    for _ in 0..=value {
                        let from = self.place.wrapping_sub(self.distance).wrapping_sub(1);
                        self.put(self.window[usize::from(from)], out)?;
                    }
                    Wants::Tag
                }
            };
        }
    }

    fn put(
        &mut self,
        byte: u8,
        out: &mut dyn FnMut(u8) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.window[usize::from(self.place)] = byte;
        self.place = self.place.wrapping_add(1);
        out(byte)
    }
}
