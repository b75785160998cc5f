//! Deterministic CBOR into a fixed buffer.

/// The buffer is too small for what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Writes into a buffer. What does not fit is dropped and remembered: [`Writer::finish`] then fails, so
/// that callers write without a check after each item.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
    full: bool,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            length: 0,
            full: false,
        }
    }

    /// How many bytes were written.
    ///
    /// # Errors
    /// [`Full`] when they did not fit.
    pub fn finish(&self) -> Result<usize, Full> {
        if self.full {
            Err(Full)
        } else {
            Ok(self.length)
        }
    }

    /// Forgets all that was written.
    pub fn clear(&mut self) {
        self.length = 0;
        self.full = false;
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        match self
            .buffer
            .get_mut(self.length..)
            .and_then(|rest| rest.get_mut(..bytes.len()))
        {
            Some(space) if !self.full => {
                space.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            _ => self.full = true,
        }
        self
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let bytes = value.to_be_bytes();
        let (info, width) = match value {
            0..=23 => return self.put(&[major << 5 | bytes[7]]),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.put(&[major << 5 | info]).put(&bytes[8 - width..])
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// An integer with a sign.
    pub fn integer(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, !value as u64),
        }
    }

    /// A tag; its item follows.
    pub fn tag(&mut self, number: u64) -> &mut Self {
        self.head(6, number)
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64).put(value)
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64).put(value.as_bytes())
    }

    /// The head of an array of `count` items.
    pub fn array(&mut self, count: usize) -> &mut Self {
        self.head(4, count as u64)
    }

    /// The head of a map of `count` pairs.
    pub fn map(&mut self, count: usize) -> &mut Self {
        self.head(5, count as u64)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.put(&[if value { 0xf5 } else { 0xf4 }])
    }

    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.put(&[0xf6])
    }

    /// A float in the shorter of 32 and 64 bits that keeps its value.
    pub fn float(&mut self, value: f64) -> &mut Self {
        let short = value as f32;
        if f64::from(short).to_bits() == value.to_bits() {
            self.put(&[0xfa]).put(&short.to_be_bytes())
        } else {
            self.put(&[0xfb]).put(&value.to_be_bytes())
        }
    }

    /// An item that is CBOR already.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.put(item)
    }
}
