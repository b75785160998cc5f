use alloc::rc::Rc;
use core::cell::Cell;
use core::task::{Context, Poll, Waker};

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin, PinState};

use super::{Driven, Edges, Event, Input, Output, Wait, Watched};

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

/// A button that the test presses; `None`: it fails.
#[derive(Clone)]
struct Button(Rc<Cell<Option<bool>>>);

impl Button {
    fn new() -> (Watched<Self>, Self) {
        let button = Self(Rc::new(Cell::new(Some(false))));
        let input = Watched::new(button.clone()).expect("a sound pin");
        (input, button)
    }
}

impl ErrorType for Button {
    type Error = ErrorKind;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.0.get().ok_or(ErrorKind::Other)
    }

    fn is_low(&mut self) -> Result<bool, ErrorKind> {
        self.is_high().map(|high| !high)
    }
}

#[test]
fn changes_are_counted_when_somebody_looks() {
    let (mut input, button) = Button::new();
    for high in [true, true, false, true] {
        button.0.set(Some(high));
        assert_eq!(input.is_high(), Ok(high));
    }
    let edges = Edges {
        rising: 2,
        falling: 1,
    };
    assert_eq!(input.edges(), edges);
}

#[test]
fn a_wait_for_an_edge_sees_pulses_that_are_over() {
    let (mut input, button) = Button::new();
    let waits = [Event::Rising, Event::Falling, Event::Any, Event::High];
    let waits = waits.map(|event| Wait::start(&mut input, event));
    let over = |input: &mut Watched<Button>| waits.map(|wait| wait.is_over(input));
    assert_eq!(over(&mut input), [Ok(false); 4]);
    button.0.set(Some(true));
    assert_eq!(over(&mut input), [Ok(true), Ok(false), Ok(true), Ok(true)]);
    button.0.set(Some(false));
    assert_eq!(over(&mut input), [Ok(true), Ok(true), Ok(true), Ok(false)]);
}

#[test]
fn a_wait_for_a_level_that_is_there_is_over_at_once() {
    let (mut input, _button) = Button::new();
    let wait = Wait::start(&mut input, Event::Low);
    assert_eq!(wait.is_over(&mut input), Ok(true));
}

#[test]
fn who_waits_is_woken_once_by_a_change() {
    struct Count(core::sync::atomic::AtomicU32);
    impl alloc::task::Wake for Count {
        fn wake(self: alloc::sync::Arc<Self>) {
            self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        }
    }
    let count = alloc::sync::Arc::new(Count(0.into()));
    let waker = Waker::from(count.clone());
    let (mut input, button) = Button::new();
    let wait = Wait::start(&mut input, Event::Falling);
    for high in [false, true, true, false] {
        button.0.set(Some(high));
        let (before, after) = (
            wait.poll(&mut input, &mut Context::from_waker(&waker)),
            wait.poll(&mut input, &mut Context::from_waker(&waker)),
        );
        assert_eq!(before, after);
    }
    let answer = wait.poll(&mut input, &mut Context::from_waker(Waker::noop()));
    assert_eq!(answer, Poll::Ready(Ok(())));
    assert_eq!(count.0.load(core::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn a_pin_that_fails_ends_the_wait() {
    let (mut input, button) = Button::new();
    let wait = Wait::start(&mut input, Event::Any);
    button.0.set(None);
    let answer = wait.poll(&mut input, &mut Context::from_waker(Waker::noop()));
    assert_eq!(answer, Poll::Ready(Err(ErrorKind::Other)));
    assert_eq!(input.sample(), Err(ErrorKind::Other));
}
