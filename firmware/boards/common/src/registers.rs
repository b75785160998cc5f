//! Memory-mapped registers.

/// A block of registers at a fixed address; offsets are in bytes.
#[derive(Clone, Copy)]
pub struct Block(usize);

impl Block {
    /// # Safety
    /// `base` must be a peripheral's register block, whose registers are only used in the ways that its driver relies on.
    pub const unsafe fn new(base: usize) -> Self {
        Self(base)
    }

    /// Reads a 32-bit register.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: promised at `new`.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }

    /// Writes a 32-bit register.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: promised at `new`.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(value) }
    }

    /// Reads an 8-bit register.
    pub fn read_byte(self, offset: usize) -> u8 {
        // SAFETY: promised at `new`.
        unsafe { ((self.0 + offset) as *const u8).read_volatile() }
    }

    /// Writes an 8-bit register.
    pub fn write_byte(self, offset: usize, value: u8) {
        // SAFETY: promised at `new`.
        unsafe { ((self.0 + offset) as *mut u8).write_volatile(value) }
    }
}
