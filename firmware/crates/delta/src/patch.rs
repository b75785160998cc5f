//! Sequential patches of `detools`.
//!
//! ```text
//! patch  = kind (0x04: sequential, heatshrink), new size, compressed(0, { part })
//! part   = size, that many bytes to be added to those of the base; size, that many new bytes; step in the base
//! size, step: 6 bits with sign 0x40, then 7 bits each, lowest first, while 0x80 is set
//! ```

use crate::Malformed;
use crate::heatshrink::Heatshrink;

/// Pieces of new code have this size; the last one is shorter.
pub const PIECE: usize = 256;

/// Sequential and heatshrink.
const KIND: u8 = 0x04;
/// More bits than any size has that matters here.
const MOST_SHIFT: u8 = 34;

/// Takes a piece of new code; false stops.
pub type Feed<'f> = dyn FnMut(&[u8]) -> bool + 'f;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Kind,
    NewSize,
    Sizes,
    Stream,
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Format,
    DiffSize,
    Diff(u32),
    ExtraSize,
    Extra(u32),
    Step,
    End,
}

/// A patch that is being applied.
#[derive(Debug)]
pub struct Patch {
    wants: Wants,
    number: Number,
    stream: Option<Heatshrink>,
    maker: Maker,
}

/// Makes new code out of what was decompressed.
#[derive(Debug)]
struct Maker {
    part: Part,
    number: Number,
    /// Where the base is read next.
    from: i64,
    size: u32,
    made: u32,
    piece: [u8; PIECE],
}

impl Patch {
    /// The patch that makes `size` bytes.
    #[must_use]
    pub const fn new(size: u32) -> Self {
        Self {
            wants: Wants::Kind,
            number: Number::new(),
            stream: None,
            maker: Maker {
                part: Part::Format,
                number: Number::new(),
                from: 0,
                size,
                made: 0,
                piece: [0; PIECE],
            },
        }
    }

    /// How many bytes were made so far, the last up to [`PIECE`] of them not handed out yet.
    #[must_use]
    pub const fn made(&self) -> u32 {
        self.maker.made
    }

    /// Whether the patch has made all there is to make.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.wants == Wants::Stream && self.maker.part == Part::End
    }

    /// Takes the next `bytes` of the patch and hands the code that they make out of `base` to `take`, piece by piece.
    ///
    /// # Errors
    /// [`Malformed`], also when `take` said no; nothing is taken after that.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        base: &[u8],
        take: &mut Feed<'_>,
    ) -> Result<(), Malformed> {
        for byte in bytes {
            if let Err(Malformed) = self.feed_byte(*byte, base, take) {
                self.wants = Wants::Stopped;
                return Err(Malformed);
            }
        }
        Ok(())
    }

    fn feed_byte(&mut self, byte: u8, base: &[u8], take: &mut Feed<'_>) -> Result<(), Malformed> {
        match self.wants {
            Wants::Kind if byte == KIND => self.wants = Wants::NewSize,
            Wants::NewSize => {
                if let Some(size) = self.number.feed(byte)? {
                    if size != i64::from(self.maker.size) {
                        return Err(Malformed);
                    }
                    self.wants = Wants::Sizes;
                }
            }
            Wants::Sizes => {
                self.stream = Some(Heatshrink::new(byte)?);
                self.wants = Wants::Stream;
            }
            Wants::Stream => {
                let maker = &mut self.maker;
                let stream = self.stream.as_mut().ok_or(Malformed)?;
                stream.feed(byte, &mut |byte| maker.feed(byte, base, take))?;
            }
            Wants::Kind | Wants::Stopped => return Err(Malformed),
        }
        Ok(())
    }
}

impl Maker {
    fn feed(&mut self, byte: u8, base: &[u8], take: &mut Feed<'_>) -> Result<(), Malformed> {
        self.part = match self.part {
            Part::Diff(left) => {
                let old = usize::try_from(self.from).ok().and_then(|at| base.get(at));
                let new = old.ok_or(Malformed)?.wrapping_add(byte);
                self.from += 1;
                self.make(new, take)?;
                match left {
                    1 => Part::ExtraSize,
                    _ => Part::Diff(left - 1),
                }
            }
            Part::Extra(left) => {
                self.make(byte, take)?;
                match left {
                    1 => Part::Step,
                    _ => Part::Extra(left - 1),
                }
            }
            Part::End => return Err(Malformed),
            wanted => match self.number.feed(byte)? {
                Some(number) => self.next(wanted, number)?,
                None => wanted,
            },
        };
        Ok(())
    }

    /// What follows a number.
    fn next(&mut self, wanted: Part, number: i64) -> Result<Part, Malformed> {
        let size = || {
            let left = self.size - self.made;
            u32::try_from(number)
                .ok()
                .filter(|size| *size <= left)
                .ok_or(Malformed)
        };
        Ok(match wanted {
            Part::Format if number == 0 => Part::DiffSize,
            Part::DiffSize => match size()? {
                0 => Part::ExtraSize,
                size => Part::Diff(size),
            },
            Part::ExtraSize => match size()? {
                0 => Part::Step,
                size => Part::Extra(size),
            },
            Part::Step => {
                self.from = self.from.saturating_add(number);
                match self.made == self.size {
                    true => Part::End,
                    false => Part::DiffSize,
                }
            }
            _ => return Err(Malformed),
        })
    }

    fn make(&mut self, byte: u8, take: &mut Feed<'_>) -> Result<(), Malformed> {
        let place = self.made as usize % PIECE;
        self.piece[place] = byte;
        self.made += 1;
        let full = place + 1 == PIECE || self.made == self.size;
        if full && !take(&self.piece[..=place]) {
            return Err(Malformed);
        }
        Ok(())
    }
}

/// A number as it arrives.
#[derive(Debug)]
struct Number {
    value: i64,
    shift: u8,
    negative: bool,
}

impl Number {
    const fn new() -> Self {
        Self {
            value: 0,
            shift: 0,
            negative: false,
        }
    }

    /// Takes a byte; the number when it was the last one.
    fn feed(&mut self, byte: u8) -> Result<Option<i64>, Malformed> {
        if self.shift == 0 {
            self.negative = byte & 0x40 != 0;
            self.value = i64::from(byte & 0x3f);
            self.shift = 6;
        } else if self.shift < MOST_SHIFT {
            self.value |= i64::from(byte & 0x7f) << self.shift;
            self.shift += 7;
        } else {
            return Err(Malformed);
        }
        if byte & 0x80 != 0 {
            return Ok(None);
        }
        self.shift = 0;
        Ok(Some(if self.negative {
            -self.value
        } else {
            self.value
        }))
    }
}
