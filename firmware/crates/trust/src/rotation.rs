//! Rotation: new trust anchors, signed by an old one (formats reference, section 2).

use petiole_cbor::Reader;

use crate::anchor::MAX_ANCHORS;
use crate::cose::Sign1;
use crate::{Anchor, Refusal};

/// What the payload says it is.
const CONTEXT: &str = "petiole-anchors-1";

/// New anchors in place of all old ones.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    sequence: u64,
    anchors: Reader<'a>,
    count: usize,
}

impl<'a> Rotation<'a> {
    /// Its number, greater than that of the rotation before; to be kept together with the anchors.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The new anchors: one to [`MAX_ANCHORS`].
    pub fn anchors(&self) -> impl Iterator<Item = Anchor> + use<'a> {
        let mut reader = self.anchors;
        (0..self.count).map_while(move |_| Anchor::from_bytes(reader.bytes().ok()?))
    }

    fn parse(payload: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(payload);
        if reader.map()? != 3 || reader.unsigned()? != 0 || reader.text()? != CONTEXT {
            return Err(Refusal::Malformed);
        }
        if reader.unsigned()? != 1 {
            return Err(Refusal::Malformed);
        }
        let sequence = reader.unsigned()?;
        if i64::try_from(sequence).is_err() || reader.unsigned()? != 2 {
            return Err(Refusal::Malformed);
        }
        let count = reader.array()?;
        if count > MAX_ANCHORS {
            return Err(Refusal::OverLimit);
        }
        let anchors = reader;
        for _ in 0..count {
            Anchor::from_bytes(reader.bytes()?).ok_or(Refusal::Malformed)?;
        }
        reader.end()?;
        if count == 0 {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            sequence,
            anchors,
            count,
        })
    }
}

/// Verifies a rotation `message` by one of the `anchors` there are; `last` is the number of the last rotation, 0 before
/// the first.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::Unsupported`], [`Refusal::UnknownKey`], [`Refusal::BadSignature`], then
/// [`Refusal::OverLimit`] for more than [`MAX_ANCHORS`] and [`Refusal::OldSequence`].
pub fn verify_rotation<'a>(
    message: &'a [u8],
    anchors: &[Anchor],
    last: u64,
) -> Result<Rotation<'a>, Refusal> {
    let payload = Sign1::parse(message, true)?.verified_payload(anchors)?;
    let rotation = Rotation::parse(payload)?;
    if rotation.sequence <= last {
        return Err(Refusal::OldSequence);
    }
    Ok(rotation)
}
