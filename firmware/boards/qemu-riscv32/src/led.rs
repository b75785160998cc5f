//! The machine has no LED: the pin leads nowhere.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

/// The pin behind label `led`; `Driven` around it remembers the level.
pub struct Led;

impl ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
