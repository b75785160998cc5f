//! The outputs behind `wasi:gpio/pwm`.

use embedded_hal::pwm::{Error, ErrorKind, SetDutyCycle};

/// A PWM output behind a pointer; every embedded-hal one is one.
pub trait Pwm {
    /// The duty that means always on.
    fn max_duty_cycle(&self) -> u16;

    /// Sets the duty, at most [`Pwm::max_duty_cycle`].
    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), ErrorKind>;
}

impl<T: SetDutyCycle> Pwm for T {
    fn max_duty_cycle(&self) -> u16 {
        SetDutyCycle::max_duty_cycle(self)
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), ErrorKind> {
        SetDutyCycle::set_duty_cycle(self, duty).map_err(|error| error.kind())
    }
}

/// Sets a duty that a guest asks for; one above the maximum fails with [`ErrorKind::Other`].
pub fn set(pwm: &mut dyn Pwm, duty: u16) -> Result<(), ErrorKind> {
    if duty > pwm.max_duty_cycle() {
        return Err(ErrorKind::Other);
    }
    pwm.set_duty_cycle(duty)
}

/// Sets `numerator` of `denominator`; a share above one, or of nothing, fails with [`ErrorKind::Other`].
pub fn set_fraction(pwm: &mut dyn Pwm, numerator: u16, denominator: u16) -> Result<(), ErrorKind> {
    if numerator > denominator || denominator == 0 {
        return Err(ErrorKind::Other);
    }
    let duty = u32::from(numerator) * u32::from(pwm.max_duty_cycle()) / u32::from(denominator);
    pwm.set_duty_cycle(duty as u16)
}

#[cfg(test)]
mod tests {
    use embedded_hal::pwm::{ErrorKind, ErrorType, SetDutyCycle};

    use super::{set, set_fraction};

    struct Lamp {
        most: u16,
        duty: u16,
        broken: bool,
    }

    impl ErrorType for Lamp {
        type Error = ErrorKind;
    }

    impl SetDutyCycle for Lamp {
        fn max_duty_cycle(&self) -> u16 {
            self.most
        }

        fn set_duty_cycle(&mut self, duty: u16) -> Result<(), ErrorKind> {
            if self.broken {
                return Err(ErrorKind::Other);
            }
            self.duty = duty;
            Ok(())
        }
    }

    const fn lamp(most: u16) -> Lamp {
        Lamp {
            most,
            duty: 7,
            broken: false,
        }
    }

    #[test]
    fn a_duty_reaches_up_to_the_maximum() {
        let mut lamp = lamp(1_000);
        assert_eq!(set(&mut lamp, 1_000), Ok(()));
        assert_eq!(set(&mut lamp, 1_001), Err(ErrorKind::Other));
        assert_eq!(lamp.duty, 1_000);
    }

    #[test]
    fn fractions_are_of_the_maximum() {
        for (most, numerator, denominator, duty) in [
            (1_000, 1, 3, 333),
            (1_000, 0, 1, 0),
            (u16::MAX, u16::MAX, u16::MAX, u16::MAX),
            (u16::MAX, 25, 100, 16_383),
        ] {
            let mut lamp = lamp(most);
            assert_eq!(set_fraction(&mut lamp, numerator, denominator), Ok(()));
            assert_eq!(lamp.duty, duty);
        }
    }

    #[test]
    fn impossible_fractions_change_nothing() {
        let mut lamp = lamp(1_000);
        for (numerator, denominator) in [(101, 100), (0, 0), (1, 0)] {
            let answer = set_fraction(&mut lamp, numerator, denominator);
            assert_eq!(answer, Err(ErrorKind::Other));
        }
        assert_eq!(lamp.duty, 7);
    }

    #[test]
    fn the_error_of_the_output_comes_through() {
        let mut lamp = Lamp {
            broken: true,
            ..lamp(1_000)
        };
        assert_eq!(set(&mut lamp, 1), Err(ErrorKind::Other));
        assert_eq!(set_fraction(&mut lamp, 1, 2), Err(ErrorKind::Other));
    }
}
