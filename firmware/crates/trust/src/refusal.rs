//! Why a board refuses something (formats reference, section 8).

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $rc:literal, $label:literal;)*) => {
        /// A reason to refuse. The number is the SMP return code of group 64.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Refusal { $($(#[$doc])* $name = $rc,)* }

        impl Refusal {
            /// The name as it is written in reports, for example `bad-signature`.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// The SMP return code.
            #[must_use]
            pub const fn rc(self) -> u16 {
                self as u16
            }
        }
    };
}

refusals! {
    /// The board failed in a way that no input should cause.
    Internal = 1, "internal";
    /// The bytes do not have the format.
    Malformed = 2, "malformed";
    /// There is no signature.
    Unsigned = 3, "unsigned";
    /// The signing key is not a trust anchor of the device.
    UnknownKey = 4, "unknown-key";
    /// The signature does not fit what it signs.
    BadSignature = 5, "bad-signature";
    /// The bytes do not have the digest that was signed.
    DigestMismatch = 6, "digest-mismatch";
    /// Made for devices of another vendor id.
    WrongVendor = 7, "wrong-vendor";
    /// Made for another target class.
    WrongClass = 8, "wrong-class";
    /// The sequence number is not greater than the highest accepted.
    OldSequence = 9, "old-sequence";
    /// Well-formed, but not known to this board.
    Unsupported = 10, "unsupported";
    /// The board has no room for it.
    NoSpace = 11, "no-space";
    /// The workload is not in a state for this.
    WrongState = 12, "wrong-state";
    /// The device has no identity and trust anchors yet.
    NotEnrolled = 13, "not-enrolled";
    /// The device has an identity already.
    AlreadyEnrolled = 14, "already-enrolled";
    /// The component imports an interface that was not granted.
    NotGranted = 15, "not-granted";
    /// A grant names a label that the board does not offer.
    NoSuchLabel = 16, "no-such-label";
    /// The engine cannot load the artifact.
    Incompatible = 17, "incompatible";
    /// Something else must end first.
    Busy = 18, "busy";
    /// No workload has this name.
    NoSuchWorkload = 19, "no-such-workload";
    /// A limit is higher than what the board has.
    OverLimit = 20, "over-limit";
    /// The flash failed.
    Flash = 21, "flash";
}

impl From<petiole_cbor::Malformed> for Refusal {
    fn from(_: petiole_cbor::Malformed) -> Self {
        Self::Malformed
    }
}
