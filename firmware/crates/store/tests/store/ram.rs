//! Memory that behaves like NOR flash without surprises.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use petiole_store::MappedFlash;

use crate::BLOCK;

pub struct Ram(pub *mut u8);

pub const SIZE: usize = 0x1_0000;

impl Ram {
    pub fn new() -> Self {
        Self(Box::leak(vec![0xff; SIZE].into_boxed_slice()).as_mut_ptr())
    }

    pub fn slice(&mut self, offset: u32, length: usize) -> &mut [u8] {
        assert!(offset as usize + length <= SIZE);
        // SAFETY: inside the leaked memory, which only this handle changes.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(offset as usize), length) }
    }
}

impl ErrorType for Ram {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Ram {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.slice(offset, bytes.len()));
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
        self.slice(from, (to - from) as usize).fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let place = self.slice(offset, bytes.len());
        if place.iter().any(|byte| *byte != 0xff) {
            return Err(NorFlashErrorKind::Other);
        }
        place.copy_from_slice(bytes);
        Ok(())
    }
}

// SAFETY: the memory is leaked; only write and erase change it.
unsafe impl MappedFlash for Ram {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        // SAFETY: inside the leaked memory.
        unsafe { std::slice::from_raw_parts(self.0.add(offset as usize), length as usize) }
    }
}
