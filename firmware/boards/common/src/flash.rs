//! NOR flash: the rules, over a medium that may not know them.
//!
//! Emulated flash lets a program operation set bits and ignores alignment. Real flash does neither, so [`Nor`] refuses both on
//! every board: what works in the emulator then works on hardware.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};
use petiole_store::MappedFlash;

use crate::Layout;

/// Memory-mapped flash as a board's registers offer it. Offsets are in bytes from the start of the data flash.
pub trait Medium {
    /// Erase block in bytes.
    const ERASE: usize;
    /// Smallest unit of programming in bytes.
    const WRITE: usize;

    /// The whole flash where the processor reads it.
    fn bytes(&self) -> &'static [u8];

    /// Sets one erase block to ones.
    ///
    /// # Errors
    /// [`FlashError::Hardware`].
    fn erase(&mut self, block: u32) -> Result<(), FlashError>;

    /// Writes bytes, whole units of `WRITE`; only ever called to clear bits.
    ///
    /// # Errors
    /// [`FlashError::Hardware`].
    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError>;
}

/// Why the flash refused an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// Offset or length is not a multiple of the unit.
    NotAligned,
    /// The range leaves the flash.
    OutOfBounds,
    /// Programming would set a bit that is zero: the range has to be erased first.
    NotErased,
    /// The flash or its controller reported a failure.
    Hardware,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotErased | Self::Hardware => NorFlashErrorKind::Other,
        }
    }
}

impl From<NorFlashErrorKind> for FlashError {
    fn from(kind: NorFlashErrorKind) -> Self {
        match kind {
            NorFlashErrorKind::NotAligned => Self::NotAligned,
            NorFlashErrorKind::OutOfBounds => Self::OutOfBounds,
            _ => Self::Hardware,
        }
    }
}

/// A medium with the rules of NOR flash.
pub struct Nor<M>(M);

impl<M: Medium> Nor<M> {
    /// Wraps the board's flash.
    pub fn new(medium: M) -> Self {
        Self(medium)
    }
}

// SAFETY: `Medium::bytes` is the flash itself, for as long as the program runs.
unsafe impl<M: Medium> MappedFlash for Nor<M> {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        &self.0.bytes()[offset as usize..][..length as usize]
    }
}

/// The layout's regions in the words of petiole-store.
pub fn store_layout(layout: &Layout) -> petiole_store::Layout {
    petiole_store::Layout {
        settings: layout.regions.settings.clone(),
        journal: layout.regions.journal.clone(),
        key_value: layout.regions.key_value.clone(),
        workloads: layout.regions.workloads.start,
        count: layout.workloads,
        slot: layout.slot,
    }
}

impl<M: Medium> ErrorType for Nor<M> {
    type Error = FlashError;
}

impl<M: Medium> ReadNorFlash for Nor<M> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len())?;
        let start = offset as usize;
        bytes.copy_from_slice(&self.0.bytes()[start..start + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.bytes().len()
    }
}

impl<M: Medium> NorFlash for Nor<M> {
    const WRITE_SIZE: usize = M::WRITE;
    const ERASE_SIZE: usize = M::ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to)?;
        (from..to)
            .step_by(M::ERASE)
            .try_for_each(|block| self.0.erase(block))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len())?;
        let start = offset as usize;
        let present = &self.0.bytes()[start..start + bytes.len()];
        if bytes.iter().zip(present).any(|(new, old)| new & !old != 0) {
            return Err(FlashError::NotErased);
        }
        self.0.program(offset, bytes)
    }
}
