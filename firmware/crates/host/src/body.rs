//! The map of a request.

use petiole_cbor::{Malformed, Reader};
use petiole_trust::Refusal;

use crate::error::Refused;

/// A request's map with text keys. Unknown keys are passed over.
pub struct Body<'a>(pub &'a [u8]);

impl<'a> Body<'a> {
    /// The value under `name`, where the reader stands.
    pub fn find(&self, name: &str) -> Result<Option<Reader<'a>>, Malformed> {
        let mut reader = Reader::new(self.0);
        for _ in 0..reader.map()? {
            if reader.text()? == name {
                return Ok(Some(reader));
            }
            reader.skip()?;
        }
        Ok(None)
    }

    /// The value under `name`, which must be there.
    pub fn field(&self, name: &'static str) -> Result<Reader<'a>, Refused> {
        self.find(name)?
            .ok_or_else(|| Refused::new(Refusal::Malformed, name))
    }

    /// The number under `name`.
    pub fn number(&self, name: &'static str) -> Result<u64, Refused> {
        Ok(self.field(name)?.unsigned()?)
    }

    /// The name that the request is about.
    pub fn name(&self) -> Result<&'a str, Refused> {
        Ok(self.field("name")?.text()?)
    }

    /// A block of something longer: where it begins, and its bytes.
    pub fn block(&self) -> Result<(u32, &'a [u8]), Refused> {
        Ok((
            self.field("off")?.unsigned32()?,
            self.field("data")?.bytes()?,
        ))
    }
}
