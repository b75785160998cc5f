//! Code whose signature was checked in this boot.

use crate::digest::{Digest, sha256};
use crate::{Manifest, Refusal};

/// Each code begins at a multiple of this, counted from the first one's start, bytes.
pub const CODE_ALIGNMENT: u32 = 16;

/// One component's code, as the manifest describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code<'a> {
    /// Where it begins among the codes of its release, bytes; a multiple of [`CODE_ALIGNMENT`].
    pub offset: u32,
    /// Its size, bytes; at least 1.
    pub size: u32,
    /// SHA-256 over its bytes.
    pub digest: &'a Digest,
}

impl Code<'_> {
    /// Where it lies in the codes of its release.
    fn within(&self, codes: &'static [u8]) -> Option<&'static [u8]> {
        codes.get(self.offset as usize..)?.get(..self.size as usize)
    }
}

/// Executable bytes in flash that have the digest which a trusted key signed.
///
/// There is no way to make one but [`Manifest::verify_code`], and no way to make a [`Manifest`] but to verify an
/// envelope: whoever holds this value holds the proof that both were checked since the board started
/// (design decision 5). It can neither be copied nor kept for a second load, so every load is preceded by a hash over
/// the very bytes that are loaded. It says nothing about bytes that are changed afterwards, which is why flash must
/// never be erased or written under a running component.
#[derive(Debug)]
pub struct VerifiedCode {
    bytes: &'static [u8],
}

impl VerifiedCode {
    /// The code.
    #[must_use]
    pub const fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

impl Manifest<'_> {
    /// Hashes what lies in flash for component `index` and compares it with the signed size and digest. `codes` are all
    /// codes of the release, one after the other. Make it right before the engine gets it.
    ///
    /// # Errors
    /// [`Refusal::DigestMismatch`], also when there is no such component.
    pub fn verify_code(&self, index: usize, codes: &'static [u8]) -> Result<VerifiedCode, Refusal> {
        let code = self.codes().get(index).ok_or(Refusal::DigestMismatch)?;
        let bytes = code.within(codes).ok_or(Refusal::DigestMismatch)?;
        if sha256(&[bytes]) != *code.digest {
            return Err(Refusal::DigestMismatch);
        }
        Ok(VerifiedCode { bytes })
    }

    /// Whether all codes are in place; nothing is to be loaded from what this says.
    #[must_use]
    pub fn is_complete(&self, codes: &'static [u8]) -> bool {
        (0..self.codes().len()).all(|index| self.verify_code(index, codes).is_ok())
    }
}
