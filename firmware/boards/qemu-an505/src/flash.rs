//! Data flash: a window of PSRAM filled from a file of the emulator's host at every start; each erase and program is written
//! through to that file by semihosting before it counts as done, so that what was stored survives the end of the emulator.

use core::fmt;

use petiole_board::flash::{FlashError, Medium};
use semihosting::experimental::env;
use semihosting::fs::{File, OpenOptions};
use semihosting::io::{self, Read, Seek, SeekFrom, Write};

use crate::layout::LAYOUT;

/// The window and the file behind it.
pub struct FileBacked {
    file: File,
}

/// Why there is no data flash; fatal at start.
pub struct NoFlash(&'static str);

impl fmt::Display for NoFlash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "data flash: {}; start the emulator with the command in boards/qemu-an505.toml",
            self.0
        )
    }
}

impl FileBacked {
    /// Opens the file, which is the second word of the semihosting command line, and reads it into the window.
    ///
    /// # Errors
    /// There is no such word, no such file, or it is shorter than the flash.
    pub fn open() -> Result<Self, NoFlash> {
        let words = env::args::<512>().map_err(|_| NoFlash("no semihosting command line"))?;
        let path = (&words)
            .into_iter()
            .nth(1)
            .and_then(Result::ok)
            .ok_or(NoFlash("no file is named"))?;
        let mut name = [0; 512];
        name.get_mut(..path.len())
            .ok_or(NoFlash("the file's name is too long"))?
            .copy_from_slice(path.as_bytes());
        let name = core::ffi::CStr::from_bytes_until_nul(&name)
            .map_err(|_| NoFlash("the file's name is too long"))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .map_err(|_| NoFlash("the file cannot be opened"))?;
        let mut rest = window();
        while !rest.is_empty() {
            match file.read(rest) {
                Ok(count) if count > 0 => rest = &mut rest[count..],
                _ => return Err(NoFlash("the file is shorter than the flash")),
            }
        }
        Ok(Self { file })
    }

    fn store(&mut self, offset: u32, length: usize) -> io::Result<()> {
        let start = offset as usize;
        self.file.seek(SeekFrom::Start(u64::from(offset)))?;
        self.file.write_all(&window()[start..start + length])
    }
}

/// The window, to change it.
fn window() -> &'static mut [u8] {
    // SAFETY: RAM that nothing else uses. Slices handed out by `bytes` see changes only where the caller erases or programs.
    unsafe { core::slice::from_raw_parts_mut(LAYOUT.flash.base as *mut u8, LAYOUT.flash.size) }
}

impl Medium for FileBacked {
    const ERASE: usize = LAYOUT.flash.erase;
    const WRITE: usize = LAYOUT.flash.write;

    fn bytes(&self) -> &'static [u8] {
        window()
    }

    fn erase(&mut self, block: u32) -> Result<(), FlashError> {
        let start = block as usize;
        window()[start..start + Self::ERASE].fill(0xff);
        self.store(block, Self::ERASE)
            .map_err(|_| FlashError::Hardware)
    }

    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let start = offset as usize;
        window()[start..start + bytes.len()].copy_from_slice(bytes);
        self.store(offset, bytes.len())
            .map_err(|_| FlashError::Hardware)
    }
}
