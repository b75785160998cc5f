//! Who the device is, written once by enrollment.

use alloc::string::String;
use alloc::vec::Vec;

use petiole_cbor::{Malformed, Reader, Writer};
use petiole_trust::{Anchor, MAX_ANCHORS};

/// Identity and trust anchors of a device.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Device name.
    pub device: String,
    /// Site name.
    pub site: String,
    /// Seed of the device's Ed25519 key: secret.
    pub seed: [u8; 32],
    /// Public keys whose signatures are accepted; at most [`MAX_ANCHORS`].
    pub anchors: Vec<Anchor>,
    /// Number of the rotation that brought the anchors; 0 at enrollment.
    pub rotation: u64,
}

impl Identity {
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer
            .array(5)
            .text(&self.device)
            .text(&self.site)
            .bytes(&self.seed)
            .array(self.anchors.len());
        for anchor in &self.anchors {
            writer.bytes(anchor.bytes());
        }
        writer.unsigned(self.rotation);
    }

    /// The identity in these bytes.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        reader.array_exactly(5)?;
        let device = reader.text()?.into();
        let site = reader.text()?.into();
        let seed = *reader.array_of()?;
        let count = reader.array()?;
        if count > MAX_ANCHORS {
            return Err(Malformed);
        }
        let anchors = read_anchors(&mut reader, count)?;
        let rotation = reader.unsigned()?;
        reader.end()?;
        Ok(Self {
            device,
            site,
            seed,
            anchors,
            rotation,
        })
    }

    /// Whether this many anchors can be kept.
    #[must_use]
    pub const fn has_room_for(anchors: usize) -> bool {
        anchors <= MAX_ANCHORS
    }
}

/// The next `count` byte strings as trust anchors.
///
/// # Errors
/// [`Malformed`] for what is no public key.
pub fn read_anchors(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Anchor>, Malformed> {
    let mut anchors = Vec::new();
    for _ in 0..count {
        anchors.push(Anchor::from_bytes(reader.bytes()?).ok_or(Malformed)?);
    }
    Ok(anchors)
}
