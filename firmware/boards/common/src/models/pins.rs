use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;
use core::task::Waker;

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin};
use petiole_interfaces::gpio::{Edges, Input};

/// A pin that leads nowhere.
pub struct NoPin;

impl ErrorType for NoPin {
    type Error = Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl InputPin for NoPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// A wire between an output and an input, low at first.
#[derive(Default)]
pub struct Wire(RefCell<State>);

#[derive(Default)]
struct State {
    high: bool,
    edges: Edges,
    wakers: Vec<Waker>,
}

impl Wire {
    /// The end that drives and the end that is read.
    pub const fn ends(&self) -> (WireOutput<'_>, WireInput<'_>) {
        (WireOutput(self), WireInput(self))
    }

    fn set(&self, high: bool) {
        let mut state = self.0.borrow_mut();
        if state.high != high {
            state.high = high;
            state.edges.count(high);
            state.wakers.drain(..).for_each(Waker::wake);
        }
    }
}

/// The end of a [`Wire`] that drives it.
pub struct WireOutput<'w>(&'w Wire);

/// The end of a [`Wire`] that is read. It sees every edge, however short the pulse.
pub struct WireInput<'w>(&'w Wire);

impl ErrorType for WireOutput<'_> {
    type Error = Infallible;
}

impl OutputPin for WireOutput<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set(true);
        Ok(())
    }
}

impl Input for WireInput<'_> {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        Ok(self.0.0.borrow().high)
    }

    fn edges(&mut self) -> Edges {
        self.0.0.borrow().edges
    }

    fn wake_on_change(&mut self, waker: &Waker) {
        let mut state = self.0.0.borrow_mut();
        if !state.wakers.iter().any(|known| known.will_wake(waker)) {
            state.wakers.push(waker.clone());
        }
    }
}
