//! Flash in RAM that is written through to a file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use petiole_store::MappedFlash;

const ERASE: usize = 4096;

pub struct FileFlash {
    file: File,
    memory: *mut u8,
    size: usize,
}

#[derive(Debug)]
pub struct FileError;

impl NorFlashError for FileError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl FileFlash {
    /// Opens the image at `path`; one that is missing or short is filled up with erased bytes.
    pub fn open(path: &str, size: usize) -> std::io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        bytes.resize(size, 0xff);
        file.rewind()?;
        file.write_all(&bytes)?;
        let flash = Self {
            file,
            memory: Box::leak(bytes.into_boxed_slice()).as_mut_ptr(),
            size,
        };
        Ok(flash)
    }

    fn change(&mut self, offset: usize, bytes: &[u8]) -> Result<(), FileError> {
        assert!(offset + bytes.len() <= self.size, "outside the flash");
        // SAFETY: inside the leaked memory.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.memory.add(offset), bytes.len())
        };
        self.file
            .seek(SeekFrom::Start(offset as u64))
            .map_err(|_| FileError)?;
        self.file.write_all(bytes).map_err(|_| FileError)
    }
}

impl ErrorType for FileFlash {
    type Error = FileError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FileError> {
        bytes.copy_from_slice(self.mapped(offset, bytes.len() as u32));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.size
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FileError> {
        self.change(from as usize, &vec![0xff; (to - from) as usize])
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FileError> {
        let old = self.mapped(offset, bytes.len() as u32);
        let programmed: Vec<u8> = old.iter().zip(bytes).map(|(old, new)| old & new).collect();
        self.change(offset as usize, &programmed)
    }
}

// SAFETY: the memory is leaked and changed by write and erase alone.
unsafe impl MappedFlash for FileFlash {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        let (offset, length) = (offset as usize, length as usize);
        assert!(offset + length <= self.size, "outside the flash");
        // SAFETY: inside the leaked memory.
        unsafe { std::slice::from_raw_parts(self.memory.add(offset), length) }
    }
}
