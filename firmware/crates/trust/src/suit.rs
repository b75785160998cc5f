//! The SUIT envelope (draft-ietf-suit-manifest-37, section 8; formats reference, section 4).

use petiole_cbor::{Keys, Kind, Malformed, Reader};

use crate::cose::Sign1;
use crate::digest::{Digest, sha256};
use crate::{Anchor, Manifest, Refusal};

/// An envelope without payload is at most this many bytes.
pub const MAX_ENVELOPE: usize = 4096;

const TAG_ENVELOPE: u64 = 107;
const KEY_AUTHENTICATION: u64 = 2;
const KEY_MANIFEST: u64 = 3;
/// SHA-256 in COSE's registry of algorithms.
const SHA256: i64 = -16;

/// Verifies the signature of `envelope` by one of `anchors`, then reads its manifest.
///
/// Integrated payloads are passed over: they lie outside the signature and code travels by its digest.
///
/// # Errors
/// The [`Refusal`] that says what is wrong; nothing of the manifest is looked at before the signature fits.
pub fn verify_envelope<'a>(
    envelope: &'a [u8],
    anchors: &[Anchor],
) -> Result<Manifest<'a>, Refusal> {
    read(envelope, Some(anchors))
}

/// Reads the manifest of an envelope whose signature was checked before.
pub fn read_envelope(envelope: &[u8]) -> Result<Manifest<'_>, Refusal> {
    read(envelope, None)
}

fn read<'a>(envelope: &'a [u8], anchors: Option<&[Anchor]>) -> Result<Manifest<'a>, Refusal> {
    let parts = Parts::parse(envelope)?;
    let mut authentication = Reader::new(parts.authentication.ok_or(Refusal::Unsigned)?);
    let count = authentication.array()?;
    let digest_bytes = authentication.bytes()?;
    let block = match count {
        0 | 1 => return Err(Refusal::Unsigned),
        2 => authentication.bytes()?,
        _ => return Err(Refusal::Unsupported),
    };
    authentication.end()?;
    if let Some(anchors) = anchors {
        Sign1::parse(block, false)?.verify(digest_bytes, anchors)?;
    }
    let release = sha256(&[parts.manifest_with_header]);
    if *read_digest(digest_bytes)? != release {
        return Err(Refusal::DigestMismatch);
    }
    if parts.severed_size > MAX_ENVELOPE {
        return Err(Refusal::OverLimit);
    }
    Manifest::parse(parts.manifest, release)
}

/// `[-16, sha256]` in `bytes`.
pub fn read_digest(bytes: &[u8]) -> Result<&Digest, Refusal> {
    let mut reader = Reader::new(bytes);
    reader.array_exactly(2)?;
    if reader.integer()? != SHA256 {
        return Err(Refusal::Unsupported);
    }
    let digest = reader.array_of()?;
    reader.end()?;
    Ok(digest)
}

/// The members of an envelope that matter here.
struct Parts<'a> {
    authentication: Option<&'a [u8]>,
    manifest: &'a [u8],
    manifest_with_header: &'a [u8],
    severed_size: usize,
}

impl<'a> Parts<'a> {
    fn parse(envelope: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(envelope);
        reader.tag(TAG_ENVELOPE)?;
        let (mut keys, mut last_text, mut severed_size) = (Keys::new(), None, envelope.len());
        let (mut authentication, mut manifest) = (None, None);
        for _ in 0..reader.map()? {
            if reader.peek()? == Kind::Text {
                let member = reader.rest().len();
                let name = reader.text()?;
                if last_text.is_some_and(|last: &str| (last.len(), last) >= (name.len(), name)) {
                    return Err(Refusal::Malformed);
                }
                last_text = Some(name);
                reader.bytes()?;
                severed_size -= member - reader.rest().len();
                continue;
            }
            let key = keys.next(reader.unsigned()?)?;
            if last_text.is_some() {
                return Err(Refusal::Malformed);
            }
            let before = reader.rest();
            let content = reader.bytes()?;
            match key {
                KEY_AUTHENTICATION => authentication = Some(content),
                KEY_MANIFEST => {
                    manifest = Some((content, &before[..before.len() - reader.rest().len()]))
                }
                _ => return Err(Refusal::Unsupported),
            }
        }
        reader.end()?;
        let (manifest, manifest_with_header) = manifest.ok_or(Malformed)?;
        Ok(Self {
            authentication,
            manifest,
            manifest_with_header,
            severed_size,
        })
    }
}
