//! Data flash: the second bank, two 16-bit chips side by side on a 32-bit bus (Intel basic command set, CFI 0001).

use petiole_board::flash::{FlashError, Medium};

use crate::layout::LAYOUT;

// Commands and states, in both halves of the bus.
const ERASE: u32 = 0x0020_0020;
const CONFIRM: u32 = 0x00d0_00d0;
const PROGRAM: u32 = 0x0040_0040;
const CLEAR_STATUS: u32 = 0x0050_0050;
const READ_ARRAY: u32 = 0x00ff_00ff;
const READY: u32 = 0x0080_0080;
const FAILED: u32 = 0x003a_003a;

/// How often the status is read before the flash counts as broken.
const PATIENCE: u32 = 10_000_000;

/// The bank.
pub struct IntelFlash(());

impl IntelFlash {
    /// The bank, ready to be read; call once.
    pub fn start() -> Self {
        let flash = Self(());
        flash.command(0, READ_ARRAY);
        flash
    }

    fn word(offset: u32) -> *mut u32 {
        (LAYOUT.flash.base + offset as usize) as *mut u32
    }

    fn command(&self, offset: u32, command: u32) {
        // SAFETY: `Nor` keeps offsets inside the bank and aligned; commands do not touch RAM.
        unsafe { Self::word(offset).write_volatile(command) };
    }

    /// Waits for the end of an operation and goes back to reading.
    fn finish(&self, offset: u32) -> Result<(), FlashError> {
        let status = (0..PATIENCE)
            // SAFETY: as in `command`.
            .map(|_| unsafe { Self::word(offset).read_volatile() })
            .find(|status| status & READY == READY);
        self.command(offset, CLEAR_STATUS);
        self.command(offset, READ_ARRAY);
        match status {
            Some(status) if status & FAILED == 0 => Ok(()),
            _ => Err(FlashError::Hardware),
        }
    }
}

impl Medium for IntelFlash {
    const ERASE: usize = LAYOUT.flash.erase;
    const WRITE: usize = LAYOUT.flash.write;

    fn bytes(&self) -> &'static [u8] {
        // SAFETY: the bank reads as memory whenever no operation runs, and operations run inside `erase` and `program` only.
        unsafe { core::slice::from_raw_parts(LAYOUT.flash.base as *const u8, LAYOUT.flash.size) }
    }

    fn erase(&mut self, block: u32) -> Result<(), FlashError> {
        self.command(block, ERASE);
        self.command(block, CONFIRM);
        self.finish(block)
    }

    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let (words, _) = bytes.as_chunks::<4>();
        for (offset, word) in (offset..).step_by(4).zip(words) {
            self.command(offset, PROGRAM);
            self.command(offset, u32::from_le_bytes(*word));
            self.finish(offset)?;
        }
        Ok(())
    }
}
