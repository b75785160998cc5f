//! User button 0, in the FPGA's I/O block. The block raises no interrupt, so the button is looked at; the emulator leaves it released.

use core::cell::RefCell;
use core::convert::Infallible;

use embassy_time::{Duration, Ticker};
use embedded_hal::digital::{ErrorType, InputPin};
use petiole_board::registers::Block;
use petiole_interfaces::gpio::Watched;

// SAFETY: the I/O block of the FPGA image; only its button register is used, here.
const FPGAIO: Block = unsafe { Block::new(0x4030_2000) };

const BUTTONS: usize = 0x8;
const BUTTON0: u32 = 1;

/// Longer than a contact bounces.
const PERIOD: Duration = Duration::from_millis(20);

/// The pin behind label `button`; high is pressed.
pub struct Button;

impl ErrorType for Button {
    type Error = Infallible;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(FPGAIO.read(BUTTONS) & BUTTON0 != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(FPGAIO.read(BUTTONS) & BUTTON0 == 0)
    }
}

/// Notices presses and releases, without end.
#[embassy_executor::task]
pub async fn watch(button: &'static RefCell<Watched<Button>>) -> ! {
    let mut ticker = Ticker::every(PERIOD);
    loop {
        ticker.next().await;
        // Reading a register cannot fail.
        let _ = button.borrow_mut().sample();
    }
}
