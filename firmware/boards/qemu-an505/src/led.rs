//! User LED 0, in the FPGA's I/O block.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

use petiole_board::registers::Block;

// SAFETY: the I/O block of the FPGA image; only its LED register is used, here.
const FPGAIO: Block = unsafe { Block::new(0x4030_2000) };

const LEDS: usize = 0x0;
const LED0: u32 = 1;

/// The pin behind label `led`; high is lit.
pub struct Led;

impl ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        FPGAIO.write(LEDS, FPGAIO.read(LEDS) & !LED0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        FPGAIO.write(LEDS, FPGAIO.read(LEDS) | LED0);
        Ok(())
    }
}
