//! The machine has no LED: the pin remembers its level.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

/// The pin behind label `led`; who drives it reads the level back.
pub struct Led {
    high: bool,
}

impl Led {
    /// A low pin.
    pub const fn new() -> Self {
        Self { high: false }
    }
}

impl ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.high = false;
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high = true;
        Ok(())
    }
}
