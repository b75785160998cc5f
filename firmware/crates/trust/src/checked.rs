//! Signatures that were checked since the start.

use crate::digest::{Digest, sha256};
use crate::suit::{read_envelope, verify_envelope};
use crate::{Anchor, Manifest, Refusal};

/// As many releases as a board with four workloads has in its slots.
const REMEMBERED: usize = 8;

/// Envelopes whose signature was found good, by the digest of all their bytes.
///
/// A signature costs a board 5 million instructions, in which nobody else gets a turn. The same bytes are not worth that
/// twice: their digest costs a fiftieth. A single other bit makes another digest, and with it a new check of the signature.
#[derive(Debug, Default)]
pub struct Checked {
    digests: [Digest; REMEMBERED],
    count: usize,
}

impl Checked {
    /// Nothing was checked yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            digests: [[0; 32]; REMEMBERED],
            count: 0,
        }
    }

    /// Forgets everything: to be called when the anchors change.
    pub const fn forget(&mut self) {
        self.count = 0;
    }

    /// What [`verify_envelope`] says, with the signature of the same bytes checked once.
    ///
    /// # Errors
    /// Those of [`verify_envelope`].
    pub fn verify<'a>(
        &mut self,
        envelope: &'a [u8],
        anchors: &[Anchor],
    ) -> Result<Manifest<'a>, Refusal> {
        let digest = sha256(&[envelope]);
        let known = self.count.min(REMEMBERED);
        if self.digests[..known].contains(&digest) {
            return read_envelope(envelope);
        }
        let manifest = verify_envelope(envelope, anchors)?;
        self.digests[self.count % REMEMBERED] = digest;
        self.count += 1;
        Ok(manifest)
    }
}
