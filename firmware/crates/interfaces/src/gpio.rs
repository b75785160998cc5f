//! The pins behind `wasi:gpio/digital`.

use embedded_hal::digital::{Error, ErrorKind, InputPin, OutputPin, PinState};

/// An output that knows what it drives.
pub trait Output {
    /// Drives the pin.
    fn set(&mut self, state: PinState) -> Result<(), ErrorKind>;

    /// What was driven last.
    fn driven(&self) -> PinState;
}

/// Makes an [`Output`] of any embedded-hal output pin.
pub struct Driven<P> {
    pin: P,
    state: PinState,
}

impl<P: OutputPin> Driven<P> {
    /// Takes a pin and drives it to `state`.
    pub fn new(mut pin: P, state: PinState) -> Result<Self, ErrorKind> {
        pin.set_state(state).map_err(|error| error.kind())?;
        Ok(Self { pin, state })
    }
}

impl<P: OutputPin> Output for Driven<P> {
    fn set(&mut self, state: PinState) -> Result<(), ErrorKind> {
        self.pin.set_state(state).map_err(|error| error.kind())?;
        self.state = state;
        Ok(())
    }

    fn driven(&self) -> PinState {
        self.state
    }
}

/// An input; every embedded-hal input pin is one.
pub trait Input {
    /// Whether the pin is high.
    fn is_high(&mut self) -> Result<bool, ErrorKind>;
}

impl<P: InputPin> Input for P {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        InputPin::is_high(self).map_err(|error| error.kind())
    }
}

#[cfg(test)]
mod tests;
