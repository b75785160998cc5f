//! COSE_Sign1 with detached payload (RFC 9052, section 4.2), Ed25519 only.

use ed25519_dalek::{Signature, VerifyingKey};
use petiole_cbor::{Keys, Reader, Writer};

use crate::digest::key_id;
use crate::{Anchor, Refusal};

const TAG_SIGN1: u64 = 18;
const HEADER_ALGORITHM: u64 = 1;
const HEADER_KEY_ID: u64 = 4;
/// EdDSA (RFC 9053) and Ed25519 (RFC 9864): the same signature under two numbers.
const ALGORITHMS: [i64; 2] = [-8, -19];
/// Room for what is signed: context text, protected header and a payload of up to 64 bytes.
const MAX_SIGNED: usize = 112;

/// A COSE_Sign1 taken apart, not checked.
pub struct Sign1<'a> {
    protected: &'a [u8],
    key_id: Option<&'a [u8]>,
    signature: &'a [u8],
}

impl<'a> Sign1<'a> {
    /// Takes `bytes` apart.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG_SIGN1)?;
        reader.array_exactly(4)?;
        let protected = reader.bytes()?;
        let unprotected_id = key_id_of_map(&mut reader, false)?;
        reader.null()?;
        let signature = reader.bytes()?;
        reader.end()?;
        let mut header = Reader::new(protected);
        let protected_id = key_id_of_map(&mut header, true)?;
        header.end()?;
        Ok(Self {
            protected,
            key_id: protected_id.or(unprotected_id),
            signature,
        })
    }

    /// Checks the signature over `payload` by one of the `anchors`.
    pub fn verify(&self, payload: &[u8], anchors: &[Anchor]) -> Result<(), Refusal> {
        let id = self.key_id.ok_or(Refusal::UnknownKey)?;
        let anchor = anchors
            .iter()
            .find(|anchor| key_id(anchor) == id)
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
        let signature = Signature::from_slice(self.signature).map_err(|_| Refusal::BadSignature)?;
        VerifyingKey::from_bytes(anchor)
            .and_then(|key| key.verify_strict(&buffer[..length], &signature))
            .map_err(|_| Refusal::BadSignature)
    }
}

/// Reads a header map, which may hold a key id and, where `protected`, must hold the algorithm.
fn key_id_of_map<'a>(
    reader: &mut Reader<'a>,
    protected: bool,
) -> Result<Option<&'a [u8]>, Refusal> {
    let (mut keys, mut id, mut algorithm) = (Keys::new(), None, None);
    for _ in 0..reader.map()? {
        match keys.next(reader.unsigned()?)? {
            HEADER_ALGORITHM if protected => algorithm = Some(reader.integer()?),
            HEADER_KEY_ID => id = Some(reader.bytes()?),
            _ => return Err(Refusal::Unsupported),
        }
    }
    match algorithm {
        Some(number) if !ALGORITHMS.contains(&number) => Err(Refusal::Unsupported),
        None if protected => Err(Refusal::Malformed),
        _ => Ok(id),
    }
}
