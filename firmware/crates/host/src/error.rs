//! ```text
//! Refused: a Refusal of the formats reference with a few words; every error of the layers below becomes one
//! ```

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use petiole_link::Fault;
use petiole_store::StoreError;
use petiole_trust::Refusal;

use crate::LoadError;

/// A refusal with what it is about in a few words, which may be none. One word wide: nearly everything here may fail so, and hands
/// it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(Box<(Refusal, Cow<'static, str>)>);

impl Refused {
    /// A refusal with a few words.
    #[inline(never)]
    pub fn new(refusal: Refusal, detail: &'static str) -> Self {
        Self(Box::new((refusal, Cow::Borrowed(detail))))
    }

    /// A refusal with words made for it.
    #[inline(never)]
    pub fn about(refusal: Refusal, detail: String) -> Self {
        Self(Box::new((refusal, Cow::Owned(detail))))
    }

    /// Which refusal.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.0.0
    }

    /// As a reason: `bad-signature: ...`.
    #[must_use]
    pub fn reason(&self) -> String {
        let (refusal, detail) = &*self.0;
        let between = if detail.is_empty() { "" } else { ": " };
        [refusal.label(), between, detail].concat()
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
        Self::about(error.refusal, error.detail)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self {
            rc: refused.refusal().rc(),
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
