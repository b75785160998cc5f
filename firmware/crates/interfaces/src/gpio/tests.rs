use core::convert::Infallible;

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin, PinState};

use super::{Driven, Input, Output};

#[derive(Default)]
struct Pin {
    high: bool,
    broken: bool,
}

impl ErrorType for Pin {
    type Error = ErrorKind;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), ErrorKind> {
        self.set_state(PinState::Low)
    }

    fn set_high(&mut self) -> Result<(), ErrorKind> {
        self.set_state(PinState::High)
    }

    fn set_state(&mut self, state: PinState) -> Result<(), ErrorKind> {
        if self.broken {
            return Err(ErrorKind::Other);
        }
        self.high = state == PinState::High;
        Ok(())
    }
}

#[test]
fn an_output_starts_where_it_is_told_and_knows_what_it_drives() {
    let mut pin = Driven::new(Pin::default(), PinState::High).expect("a sound pin");
    assert_eq!((pin.driven(), pin.pin.high), (PinState::High, true));
    assert_eq!(pin.set(PinState::Low), Ok(()));
    assert_eq!((pin.driven(), pin.pin.high), (PinState::Low, false));
}

#[test]
fn a_pin_that_fails_keeps_its_state() {
    let mut pin = Driven::new(Pin::default(), PinState::Low).expect("a sound pin");
    pin.pin.broken = true;
    assert_eq!(pin.set(PinState::High), Err(ErrorKind::Other));
    assert_eq!(pin.driven(), PinState::Low);
    assert!(
        Driven::new(
            Pin {
                broken: true,
                ..Pin::default()
            },
            PinState::Low
        )
        .is_err()
    );
}

struct Button(bool);

impl ErrorType for Button {
    type Error = Infallible;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0)
    }
}

#[test]
fn every_input_pin_is_an_input() {
    assert_eq!(Input::is_high(&mut Button(true)), Ok(true));
    assert_eq!(Input::is_high(&mut Button(false)), Ok(false));
}
