//! Flash made of memory.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use petiole_store::MappedFlash;

/// Erase block, bytes.
pub const BLOCK: usize = 256;
/// Size of the whole flash, bytes.
pub const SIZE: usize = 20 * BLOCK;

/// Small flash that minds its rules. There is one memory for each thread, so only one may be in use.
pub struct Ram(*mut [u8; SIZE]);

thread_local! {
    static MEMORY: *mut [u8; SIZE] = Box::leak(Box::new([0; SIZE]));
}

impl Ram {
    /// The flash with this content; what is missing is erased.
    pub fn new(content: &[u8]) -> Self {
        let mut ram = Self::again();
        let count = content.len().min(SIZE);
        ram.place(0, count).copy_from_slice(&content[..count]);
        ram.place(count, SIZE - count).fill(0xff);
        ram
    }

    /// The flash as it was left.
    pub fn again() -> Self {
        Self(MEMORY.with(|memory| *memory))
    }

    fn place(&mut self, offset: usize, length: usize) -> &mut [u8] {
        // SAFETY: the memory is leaked and this thread's; readers keep nothing while the flash is changed.
        let memory = unsafe { &mut *self.0 };
        &mut memory[offset..][..length]
    }
}

impl ErrorType for Ram {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Ram {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.mapped(offset, bytes.len() as u32));
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Ram {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = BLOCK;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        assert!(from.is_multiple_of(BLOCK as u32) && to.is_multiple_of(BLOCK as u32) && from < to);
        self.place(from as usize, (to - from) as usize).fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4));
        let place = self.place(offset as usize, bytes.len());
        assert!(
            place.iter().all(|byte| *byte == 0xff),
            "written without an erase"
        );
        place.copy_from_slice(bytes);
        Ok(())
    }
}

// SAFETY: the memory lives for ever; write and erase alone change it, and `Ram::new` when the flash before is gone.
unsafe impl MappedFlash for Ram {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        // SAFETY: the memory is leaked.
        let memory = unsafe { &*self.0 };
        &memory[offset as usize..][..length as usize]
    }
}
