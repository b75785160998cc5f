//! A cursor over strict CBOR.

use crate::Malformed;

/// What the next item is, by its major type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Major type 0.
    Unsigned,
    /// Major type 1.
    Negative,
    /// Major type 2.
    Bytes,
    /// Major type 3.
    Text,
    /// Major type 4.
    Array,
    /// Major type 5.
    Map,
    /// Major type 6.
    Tag,
    /// Major type 7: `false`, `true`, `null`, other simple values and floats.
    Simple,
}

/// Nesting deeper than this is refused by [`Reader::skip`].
const MAX_DEPTH: u8 = 8;

/// A cursor over CBOR bytes. Every method that fails leaves the cursor at an unspecified place.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes that were not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails when bytes are left over.
    ///
    /// # Errors
    /// [`Malformed`] when the cursor is not at the end.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// The kind of the next item.
    ///
    /// # Errors
    /// [`Malformed`] at the end of the bytes.
    pub fn peek(&self) -> Result<Kind, Malformed> {
        Ok(match self.rest.first().ok_or(Malformed)? >> 5 {
            0 => Kind::Unsigned,
            1 => Kind::Negative,
            2 => Kind::Bytes,
            3 => Kind::Text,
            4 => Kind::Array,
            5 => Kind::Map,
            6 => Kind::Tag,
            _ => Kind::Simple,
        })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Initial byte and argument of an item; the argument must be as short as it can be.
    fn head(&mut self) -> Result<(u8, u64), Malformed> {
        let initial = self.take(1)?[0];
        let (major, info) = (initial >> 5, initial & 31);
        let width = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(Malformed),
        };
        let value = self
            .take(width)?
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let shortest = match width {
            1 => value >= 24,
            2 => value > 0xff,
            4 => value > 0xffff,
            _ => value > 0xffff_ffff,
        };
        // Floats are major type 7 with widths 2, 4, 8: their argument is no integer.
        if shortest || (major == 7 && width > 1) {
            Ok((major, value))
        } else {
            Err(Malformed)
        }
    }

    fn expect(&mut self, major: u8) -> Result<u64, Malformed> {
        match self.head()? {
            (found, value) if found == major => Ok(value),
            _ => Err(Malformed),
        }
    }

    fn length(&mut self, major: u8) -> Result<usize, Malformed> {
        usize::try_from(self.expect(major)?).map_err(|_| Malformed)
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn unsigned(&mut self) -> Result<u64, Malformed> {
        self.expect(0)
    }

    /// An unsigned integer of at most 32 bits.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn unsigned32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.unsigned()?).map_err(|_| Malformed)
    }

    /// An integer of at most 63 bits and a sign.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn integer(&mut self) -> Result<i64, Malformed> {
        let (major, value) = self.head()?;
        let value = i64::try_from(value).map_err(|_| Malformed)?;
        match major {
            0 => Ok(value),
            1 => Ok(-1 - value),
            _ => Err(Malformed),
        }
    }

    /// A byte string.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length(2)?;
        self.take(length)
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else or has another length.
    pub fn array_of<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        self.bytes()?.try_into().map_err(|_| Malformed)
    }

    /// A text string.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else or no UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.length(3)?;
        core::str::from_utf8(self.take(length)?).map_err(|_| Malformed)
    }

    /// The head of an array; its items follow.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn array(&mut self) -> Result<usize, Malformed> {
        self.length(4)
    }

    /// The head of an array of exactly `count` items.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn array_exactly(&mut self, count: usize) -> Result<(), Malformed> {
        if self.array()? == count {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// The head of a map; its pairs follow.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn map(&mut self) -> Result<usize, Malformed> {
        self.length(5)
    }

    /// A tag of exactly this number; its item follows.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn tag(&mut self, number: u64) -> Result<(), Malformed> {
        if self.expect(6)? == number {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// `null`.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn null(&mut self) -> Result<(), Malformed> {
        if self.take(1)? == [0xf6] {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// [`Malformed`] when the next item is something else.
    pub fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.take(1)? {
            [0xf4] => Ok(false),
            [0xf5] => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// Passes over one item with all that it holds.
    ///
    /// # Errors
    /// [`Malformed`] when it is no strict CBOR or nested deeper than eight levels.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        self.skip_nested(MAX_DEPTH)
    }

    fn skip_nested(&mut self, depth: u8) -> Result<(), Malformed> {
        let (major, value) = self.head()?;
        let items = match major {
            0 | 1 | 7 => return Ok(()),
            2 | 3 => {
                return self
                    .take(usize::try_from(value).map_err(|_| Malformed)?)
                    .map(drop);
            }
            4 => value,
            5 => value.checked_mul(2).ok_or(Malformed)?,
            _ => 1,
        };
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        // Every item takes at least one byte, so a lying count ends the loop with an error.
        for _ in 0..items {
            self.skip_nested(depth)?;
        }
        Ok(())
    }
}
