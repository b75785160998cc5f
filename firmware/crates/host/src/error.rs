//! ```text
//! Refused: a Refusal of the formats reference with a few words; every error of the layers below becomes one
//! ```

use alloc::borrow::Cow;
use alloc::string::String;

use petiole_link::Fault;
use petiole_store::StoreError;
use petiole_trust::Refusal;

use crate::LoadError;

/// A refusal with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which refusal.
    pub refusal: Refusal,
    /// What it is about, in a few words; may be empty.
    pub detail: Cow<'static, str>,
}

impl Refused {
    /// A refusal with a few words.
    pub fn new(refusal: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            refusal,
            detail: detail.into(),
        }
    }

    /// As a reason: `bad-signature: ...`.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut text = String::from(self.refusal.label());
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal, explain(refusal))
    }
}

impl From<petiole_cbor::Malformed> for Refused {
    fn from(_: petiole_cbor::Malformed) -> Self {
        Self::new(
            Refusal::Malformed,
            "the request is not the CBOR map of this command",
        )
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(Refusal::Flash, error.text())
    }
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        Self::new(error.refusal, error.detail)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self {
            rc: refused.refusal.rc(),
            reason: refused.reason(),
        }
    }
}

/// What a refusal by the trust crate means to whoever sent the bundle.
const fn explain(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "the envelope does not have the format of a bundle",
        Refusal::Unsigned => "the envelope carries no signature",
        Refusal::UnknownKey => "the signing key is no trust anchor of this device",
        Refusal::BadSignature => "the signature does not fit",
        Refusal::DigestMismatch => "the bytes are not those that were signed",
        Refusal::WrongVendor => "made for devices of another vendor",
        Refusal::WrongClass => "made for another target class: build for this board's profile",
        Refusal::OldSequence => "a release with a higher sequence number was accepted before",
        Refusal::Unsupported => "the manifest asks for what this board does not know",
        Refusal::OverLimit => "the envelope is larger than 4096 bytes without its payload",
        _ => "",
    }
}
