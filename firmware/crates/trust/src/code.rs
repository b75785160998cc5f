//! Code whose signature was checked in this boot.

use crate::digest::sha256;
use crate::{Manifest, Refusal};

/// Executable bytes in flash that have the digest which a trusted key signed.
///
/// There is no way to make one but [`Manifest::verify_code`], and no way to make a [`Manifest`] but to verify an
/// envelope: whoever holds this value holds the proof that both were checked since the board started
/// (design decision 5). It says nothing about bytes that are changed afterwards, which is why flash must
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
    /// Hashes what lies in flash and compares it with the signed size and digest.
    ///
    /// # Errors
    /// [`Refusal::DigestMismatch`].
    pub fn verify_code(&self, flash: &'static [u8]) -> Result<VerifiedCode, Refusal> {
        if flash.len() != self.size() as usize || sha256(&[flash]) != *self.digest() {
            return Err(Refusal::DigestMismatch);
        }
        Ok(VerifiedCode { bytes: flash })
    }
}
