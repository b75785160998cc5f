use core::convert::Infallible;

use embedded_hal::pwm::{ErrorType, SetDutyCycle};

/// A PWM output that nothing hangs on.
#[derive(Default)]
pub struct Duty(u16);

impl Duty {
    /// The steps of a period.
    pub const STEPS: u16 = 1_000;

    /// An output that is off.
    pub const fn new() -> Self {
        Self(0)
    }

    /// The duty that was set last, of [`Duty::STEPS`].
    pub const fn duty(&self) -> u16 {
        self.0
    }
}

impl ErrorType for Duty {
    type Error = Infallible;
}

impl SetDutyCycle for Duty {
    fn max_duty_cycle(&self) -> u16 {
        Self::STEPS
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
        self.0 = duty;
        Ok(())
    }
}
