//! The pins behind `wasi:gpio/digital` and `wasi:gpio/digital-async`.

use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

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

/// Changes of an input since the board started, counted around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Changes from low to high.
    pub rising: u32,
    /// Changes from high to low.
    pub falling: u32,
}

impl Edges {
    /// Counts the change to this level.
    pub fn count(&mut self, high: bool) {
        let edges = if high {
            &mut self.rising
        } else {
            &mut self.falling
        };
        *edges = edges.wrapping_add(1);
    }
}

/// An input that remembers how often it changed. [`Watched`] makes one of an embedded-hal input pin.
pub trait Input {
    /// Whether the pin is high.
    fn is_high(&mut self) -> Result<bool, ErrorKind>;

    /// The changes up to now.
    fn edges(&mut self) -> Edges;

    /// Wakes at the next change. A waker may also be called without one.
    fn wake_on_change(&mut self, waker: &Waker);
}

/// Makes an [`Input`] of any embedded-hal input pin that somebody samples: an interrupt's task or a timer's.
pub struct Watched<P> {
    pin: P,
    high: bool,
    edges: Edges,
    wakers: Vec<Waker>,
}

impl<P: InputPin> Watched<P> {
    /// Takes a pin at its present level.
    pub fn new(mut pin: P) -> Result<Self, ErrorKind> {
        let high = pin.is_high().map_err(|error| error.kind())?;
        Ok(Self {
            pin,
            high,
            edges: Edges::default(),
            wakers: Vec::new(),
        })
    }

    /// Looks at the pin, counts a change, wakes who waits for it. Gives back whether the pin is high.
    pub fn sample(&mut self) -> Result<bool, ErrorKind> {
        let high = self.pin.is_high().map_err(|error| error.kind())?;
        if high != self.high {
            self.high = high;
            self.edges.count(high);
            self.wakers.drain(..).for_each(Waker::wake);
        }
        Ok(high)
    }
}

impl<P: InputPin> Input for Watched<P> {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.sample()
    }

    fn edges(&mut self) -> Edges {
        self.edges
    }

    fn wake_on_change(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }
}

/// What is waited for on an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The level high.
    High,
    /// The level low.
    Low,
    /// A change to high.
    Rising,
    /// A change to low.
    Falling,
    /// A change.
    Any,
}

/// Waits for one event of an input. Edges count from the start of the wait, however short the pulse.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    event: Event,
    from: Edges,
}

impl Wait {
    /// A wait that starts now.
    pub fn start(input: &mut dyn Input, event: Event) -> Self {
        let from = input.edges();
        Self { event, from }
    }

    /// Whether the event was there.
    pub fn is_over(&self, input: &mut dyn Input) -> Result<bool, ErrorKind> {
        let high = input.is_high()?;
        let edges = input.edges();
        Ok(match self.event {
            Event::High => high,
            Event::Low => !high,
            Event::Rising => edges.rising != self.from.rising,
            Event::Falling => edges.falling != self.from.falling,
            Event::Any => edges != self.from,
        })
    }

    /// Ready once the event was there.
    pub fn poll(
        &self,
        input: &mut dyn Input,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ErrorKind>> {
        match self.is_over(input) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                input.wake_on_change(context.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests;
