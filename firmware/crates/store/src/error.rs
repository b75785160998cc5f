//! ```text
//! StoreError
//! |-- Layout     the layout does not fit the flash
//! |-- Flash      the flash failed, or was asked for what it cannot do
//! |-- Corrupted  what was read is not what was ever written
//! '-- Full       no room is left for an item or in a slot
//! ```

/// What went wrong in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// The layout does not fit the flash: regions must be whole erase blocks inside it, settings and journal two or more.
    Layout,
    /// The flash failed.
    Flash,
    /// What was read is not what was ever written. [`crate::Store::reset_journal`] makes a fresh start.
    Corrupted,
    /// No room is left.
    Full,
}

impl StoreError {
    /// A few words for reports.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Layout => "the flash layout does not fit the flash",
            Self::Flash => "the flash failed",
            Self::Corrupted => "the flash holds something else than was written",
            Self::Full => "no room is left in flash",
        }
    }
}
