//! The I2C bus of label `i2c-env`: Arm's SBCon, two lines for software to drive.

use petiole_board::i2c::{BitBang, Lines};

use petiole_board::registers::Block;

// SAFETY: the SBCon of the second shield, where the emulator attaches devices that name no bus; used here only.
const SBCON: Block = unsafe { Block::new(0x4020_d000) };

const STATUS_AND_SET: usize = 0x0;
const CLEAR: usize = 0x4;
const CLOCK: u32 = 1;
const DATA: u32 = 1 << 1;

/// Cycles in half a clock period: 100 kHz at 20 MHz.
const HALF_PERIOD: u32 = 100;

/// The two lines.
pub struct Sbcon;

/// The bus; call once.
pub fn start() -> BitBang<Sbcon> {
    BitBang::new(Sbcon)
}

impl Sbcon {
    fn set(&mut self, line: u32, high: bool) {
        SBCON.write(if high { STATUS_AND_SET } else { CLEAR }, line);
    }
}

impl Lines for Sbcon {
    fn set_clock(&mut self, high: bool) {
        self.set(CLOCK, high);
    }

    fn set_data(&mut self, high: bool) {
        self.set(DATA, high);
    }

    fn clock(&self) -> bool {
        SBCON.read(STATUS_AND_SET) & CLOCK != 0
    }

    fn data(&self) -> bool {
        SBCON.read(STATUS_AND_SET) & DATA != 0
    }

    fn pause(&mut self) {
        cortex_m::asm::delay(HALF_PERIOD);
    }
}
