//! `wasi:gpio/digital-async` and `wasi:io/poll`: waiting for levels and edges of an input.
//!
//! The guest is granted the output `loop-out`, which is wired to the input `loop-in`.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::bindings::wasi::gpio::types::ErrorCode;
use petiole_guest::digital::OutputPin;
use petiole_guest::digital_async::{InputWaitPin, WaitError, open_input_wait};
use petiole_guest::monotonic_clock as clock;
use petiole_guest::poll::poll;
use petiole_guest::{Handler, digital};

const MILLISECOND: u64 = 1_000_000;

/// Acts on both ends of the wire, which is low at first.
fn wire(action: impl FnOnce(&OutputPin, &InputWaitPin) -> Result<bool, ErrorCode>) -> bool {
    let run = || {
        let output = digital::open_output("loop-out")?;
        output.set_low()?;
        action(&output, &open_input_wait("loop-in")?)
    };
    run().unwrap_or(false)
}

/// Whether the wait ends within a second.
fn ends(pin: &InputWaitPin) -> bool {
    let late = clock::subscribe_duration(1_000 * MILLISECOND);
    let event = pin.subscribe();
    poll(&[&event, &late]).contains(&0) && pin.finish_wait().is_ok()
}

/// Whether the wait is still on.
fn waits(pin: &InputWaitPin) -> bool {
    !pin.subscribe().ready() && matches!(pin.finish_wait(), Err(WaitError::WouldBlock))
}

checks! {
    /// An input that is not granted does not open: its error text begins with `not-granted`.
    fn another_input_does_not_open() -> bool {
        matches!(open_input_wait("other"), Err(ErrorCode::Other(text)) if text.starts_with("not-granted"))
    }

    /// Without a wait `finish-wait` answers `not-in-progress`.
    fn no_wait_is_in_progress() -> bool {
        wire(|_, input| Ok(matches!(input.finish_wait(), Err(WaitError::NotInProgress))))
    }

    /// A wait that ended is no longer in progress.
    fn a_wait_ends_once() -> bool {
        wire(|_, input| {
            input.start_wait_low()?;
            Ok(ends(input) && matches!(input.finish_wait(), Err(WaitError::NotInProgress)))
        })
    }

    /// A wait for a level that is there ends at once.
    fn a_level_that_is_there_is_enough() -> bool {
        wire(|output, input| {
            input.start_wait_low()?;
            let low = ends(input);
            output.set_high()?;
            input.start_wait_high()?;
            Ok(low && ends(input))
        })
    }

    /// A wait for a level lasts until it is there.
    fn a_level_is_waited_for() -> bool {
        wire(|output, input| {
            input.start_wait_high()?;
            let waited = waits(input);
            output.set_high()?;
            Ok(waited && ends(input))
        })
    }

    /// A wait for a rising edge lasts until there is one; a falling edge is none.
    fn a_rising_edge_is_waited_for() -> bool {
        wire(|output, input| {
            output.set_high()?;
            input.start_wait_rising_edge()?;
            output.set_low()?;
            let waited = waits(input);
            output.set_high()?;
            Ok(waited && ends(input))
        })
    }

    /// A wait for a falling edge lasts until there is one; a rising edge is none.
    fn a_falling_edge_is_waited_for() -> bool {
        wire(|output, input| {
            input.start_wait_falling_edge()?;
            output.set_high()?;
            let waited = waits(input);
            output.set_low()?;
            Ok(waited && ends(input))
        })
    }

    /// A wait for any edge ends with the first of either kind.
    fn any_edge_is_waited_for() -> bool {
        wire(|output, input| {
            input.start_wait_any_edge()?;
            let waited = waits(input);
            output.set_high()?;
            let risen = ends(input);
            input.start_wait_any_edge()?;
            output.set_low()?;
            Ok(waited && risen && ends(input))
        })
    }

    /// A pulse that is over ends a wait for its edge.
    fn a_pulse_is_not_missed() -> bool {
        wire(|output, input| {
            input.start_wait_rising_edge()?;
            output.set_high()?;
            output.set_low()?;
            Ok(ends(input))
        })
    }

    /// An edge before the start of the wait does not end it.
    fn an_old_edge_does_not_count() -> bool {
        wire(|output, input| {
            output.set_high()?;
            output.set_low()?;
            input.start_wait_any_edge()?;
            Ok(waits(input))
        })
    }

    /// A pollable of a clock wakes who waits for an edge that does not come.
    fn a_clock_ends_the_waiting() -> bool {
        wire(|_, input| {
            input.start_wait_rising_edge()?;
            let late = clock::subscribe_duration(20 * MILLISECOND);
            let event = input.subscribe();
            Ok(poll(&[&event, &late]) == [1])
        })
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
