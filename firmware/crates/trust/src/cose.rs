//! COSE_Sign1 (RFC 9052, section 4.2) with detached or attached payload.

use petiole_cbor::{Keys, Reader, Writer};

use crate::signature::{self, Algorithm};
use crate::{Anchor, Refusal};

const TAG_SIGN1: u64 = 18;
const HEADER_ALGORITHM: u64 = 1;
const HEADER_KEY_ID: u64 = 4;
/// Room for what is signed: context text, protected header, and a rotation of eight anchors as the largest payload.
const MAX_SIGNED: usize = 384;

/// A COSE_Sign1 taken apart, not checked.
pub struct Sign1<'a> {
    protected: &'a [u8],
    algorithm: Algorithm,
    key_id: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
    signature: &'a [u8],
}

impl<'a> Sign1<'a> {
    /// Takes `bytes` apart: with a payload inside where `attached`, else without one.
    pub fn parse(bytes: &'a [u8], attached: bool) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG_SIGN1)?;
        reader.array_exactly(4)?;
        let protected = reader.bytes()?;
        let (_, unprotected_id) = read_header(&mut reader, false)?;
        let payload = if attached {
            Some(reader.bytes()?)
        } else {
            reader.null()?;
            None
        };
        let signature = reader.bytes()?;
        reader.end()?;
        let mut header = Reader::new(protected);
        let (algorithm, protected_id) = read_header(&mut header, true)?;
        header.end()?;
        Ok(Self {
            protected,
            algorithm: algorithm
                .ok_or(Refusal::Malformed)
                .and_then(|number| Algorithm::of(number).ok_or(Refusal::Unsupported))?,
            key_id: protected_id.or(unprotected_id),
            payload,
            signature,
        })
    }

    /// Checks the signature over a detached `payload` by one of the `anchors`.
    pub fn verify(&self, payload: &[u8], anchors: &[Anchor]) -> Result<(), Refusal> {
        let id = self.key_id.ok_or(Refusal::UnknownKey)?;
        let anchor = anchors
            .iter()
            .find(|anchor| anchor.key_id() == id)
            .ok_or(Refusal::UnknownKey)?;
        let mut buffer = [0; MAX_SIGNED];
        let mut signed = Writer::new(&mut buffer);
        signed
            .array(4)
            .text("Signature1")
            .bytes(self.protected)
            .bytes(&[])
            .bytes(payload);
        let length = signed.finish().map_err(|_| Refusal::Malformed)?;
        signature::verify(self.algorithm, anchor, &buffer[..length], self.signature)
    }

    /// The attached payload, once the signature over it was checked.
    pub fn verified_payload(&self, anchors: &[Anchor]) -> Result<&'a [u8], Refusal> {
        let payload = self.payload.ok_or(Refusal::Malformed)?;
        self.verify(payload, anchors)?;
        Ok(payload)
    }
}

/// Reads a header map: algorithm (where `protected`) and key id, nothing else.
fn read_header<'a>(
    reader: &mut Reader<'a>,
    protected: bool,
) -> Result<(Option<i64>, Option<&'a [u8]>), Refusal> {
    let (mut keys, mut id, mut algorithm) = (Keys::new(), None, None);
    for _ in 0..reader.map()? {
        match keys.next(reader.unsigned()?)? {
            HEADER_ALGORITHM if protected => algorithm = Some(reader.integer()?),
            HEADER_KEY_ID => id = Some(reader.bytes()?),
            _ => return Err(Refusal::Unsupported),
        }
    }
    Ok((algorithm, id))
}
