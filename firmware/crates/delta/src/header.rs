//! What stands before a patch.

use petiole_cbor::Reader;

use crate::Malformed;

/// A SHA-256.
pub type Digest = [u8; 32];

/// The only format there is.
const FORMAT: u64 = 1;

/// What a patch starts from and what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// SHA-256 of all code of the base release, as it lies.
    pub base: &'a Digest,
    /// SHA-256 of all code of the new release, as it lies.
    pub new: &'a Digest,
    /// Size of the new code, bytes; at least 1.
    pub size: u32,
}

impl<'a> Header<'a> {
    /// Reads the header at the start of `bytes`, which must hold all of it; returns it with what follows it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        Self::parse(Reader::new(bytes)).map_err(|petiole_cbor::Malformed| Malformed)
    }

    fn parse(mut reader: Reader<'a>) -> Result<(Self, &'a [u8]), petiole_cbor::Malformed> {
        reader.array_exactly(4)?;
        let format = reader.unsigned()?;
        let header = Self {
            base: reader.array_of()?,
            new: reader.array_of()?,
            size: reader.unsigned32()?,
        };
        if format == FORMAT && header.size > 0 {
            Ok((header, reader.rest()))
        } else {
            Err(petiole_cbor::Malformed)
        }
    }
}
