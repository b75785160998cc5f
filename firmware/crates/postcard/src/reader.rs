//! Numbers, texts and bytes, out of line: each kind has one function, however many types are read.

use crate::{Error, Result};

/// What is left to read. After an error nothing is left, and everything that is read is zero or empty.
pub(crate) struct Reader<'de> {
    rest: &'de [u8],
    failed: bool,
}

impl<'de> Reader<'de> {
    pub(crate) fn new(bytes: &'de [u8]) -> Self {
        Self {
            rest: bytes,
            failed: false,
        }
    }

    /// Raises [`Error`] when anything that was read made no sense.
    pub(crate) fn end(&self) -> Result<()> {
        if self.failed { Err(Error) } else { Ok(()) }
    }

    /// Makes everything that is read from now on zero or empty, and `end` fail.
    #[cold]
    pub(crate) fn fail(&mut self) {
        self.rest = &[];
        self.failed = true;
    }

    /// The next byte.
    #[inline(never)]
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.rest.split_first() else {
            self.fail();
            return 0;
        };
        self.rest = rest;
        first
    }

    /// The next byte, which says yes or no.
    #[inline(never)]
    pub(crate) fn flag(&mut self) -> bool {
        let byte = self.byte();
        if byte > 1 {
            self.fail();
        }
        byte == 1
    }

    /// A varint of at most `BITS` bits.
    #[inline(never)]
    pub(crate) fn word<const BITS: u32>(&mut self) -> u32 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            let part = u32::from(byte & 0x7f);
            if shift + 7 > BITS && part >> (BITS - shift) != 0 {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
            if shift >= BITS {
                break;
            }
        }
        self.fail();
        0
    }

    /// A varint of at most 64 bits.
    #[inline(never)]
    pub(crate) fn long(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return value;
            }
        }
        self.fail();
        0
    }

    /// A number of elements or bytes: no more than there are bytes left.
    #[inline(never)]
    pub(crate) fn count(&mut self) -> usize {
        #[cfg(target_pointer_width = "64")]
        let count = self.long() as usize;
        #[cfg(not(target_pointer_width = "64"))]
        let count = self.word::<32>() as usize;
        if count > self.rest.len() {
            self.fail();
            return 0;
        }
        count
    }

    /// As many bytes as the number before them says.
    #[inline(never)]
    pub(crate) fn bytes(&mut self) -> &'de [u8] {
        let count = self.count();
        let Some((bytes, rest)) = self.rest.split_at_checked(count) else {
            self.fail();
            return &[];
        };
        self.rest = rest;
        bytes
    }

    /// Bytes without a number before them.
    pub(crate) fn array<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            self.fail();
            return [0; LENGTH];
        };
        self.rest = rest;
        *bytes
    }

    /// Passes over bytes that must all be zero.
    #[inline(never)]
    pub(crate) fn zeros(&mut self, length: usize) {
        for _ in 0..length {
            if self.byte() != 0 {
                self.fail();
            }
        }
    }

    /// Bytes that are a text in UTF-8.
    #[inline(never)]
    pub(crate) fn text(&mut self) -> &'de str {
        core::str::from_utf8(self.bytes()).unwrap_or_else(|_| {
            self.fail();
            ""
        })
    }

    /// The first character of the text in at most four bytes.
    pub(crate) fn character(&mut self) -> char {
        let text = self.text();
        text.chars()
            .next()
            .filter(|_| text.len() <= 4)
            .unwrap_or_else(|| {
                self.fail();
                '\0'
            })
    }
}
