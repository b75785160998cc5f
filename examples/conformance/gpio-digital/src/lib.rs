//! `wasi:gpio/digital`: outputs and inputs.
//!
//! The guest is granted the output `led`, the input `button`, and the output `loop-out`, which is wired to the input `loop-in`.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::bindings::wasi::gpio::types::{ErrorCode, PinState};
use petiole_guest::digital::{InputPin, OutputPin, StatefulOutputPin};
use petiole_guest::{Handler, digital};

fn is_other<T>(answer: Result<T, ErrorCode>, word: &str) -> bool {
    matches!(answer, Err(ErrorCode::Other(text)) if text.starts_with(word))
}

/// Acts on both ends of the wire.
fn wire(action: impl FnOnce(&OutputPin, &InputPin) -> Result<bool, ErrorCode>) -> bool {
    let both = digital::open_output("loop-out")
        .and_then(|output| Ok((output, digital::open_input("loop-in")?)));
    both.and_then(|(output, input)| action(&output, &input))
        .unwrap_or(false)
}

/// Acts on the light.
fn light(action: impl FnOnce(&StatefulOutputPin) -> Result<bool, ErrorCode>) -> bool {
    digital::open_stateful_output("led")
        .and_then(|light| action(&light))
        .unwrap_or(false)
}

checks! {
    /// A pin that is not granted does not open: its error text begins with `not-granted`.
    fn another_pin_does_not_open() -> bool {
        is_other(digital::open_output("other"), "not-granted")
            && is_other(digital::open_stateful_output("other"), "not-granted")
            && is_other(digital::open_input("other"), "not-granted")
    }

    /// An input does not open as an output.
    fn an_input_is_no_output() -> bool {
        digital::open_output("button").is_err() && digital::open_stateful_output("button").is_err()
    }

    /// A stateful output knows that it drives high.
    fn an_output_knows_high() -> bool {
        light(|light| {
            light.set_high()?;
            Ok(light.is_set_high()? && !light.is_set_low()?)
        })
    }

    /// A stateful output knows that it drives low.
    fn an_output_knows_low() -> bool {
        light(|light| {
            light.set_low()?;
            Ok(light.is_set_low()? && !light.is_set_high()?)
        })
    }

    /// `set-state` drives either level.
    fn a_state_is_set() -> bool {
        light(|light| {
            light.set_state(PinState::High)?;
            let high = light.is_set_high()?;
            light.set_state(PinState::Low)?;
            Ok(high && light.is_set_low()?)
        })
    }

    /// `toggle` drives the other level each time.
    fn toggle_changes_the_level() -> bool {
        light(|light| {
            light.set_low()?;
            light.toggle()?;
            let high = light.is_set_high()?;
            light.toggle()?;
            Ok(high && light.is_set_low()?)
        })
    }

    /// Two handles of one output are one pin.
    fn two_handles_are_one_pin() -> bool {
        light(|first| {
            let second = digital::open_output("led")?;
            first.set_low()?;
            second.set_high()?;
            let high = first.is_set_high()?;
            second.set_low()?;
            Ok(high && first.is_set_low()?)
        })
    }

    /// An input is either high or low.
    fn an_input_is_high_or_low() -> bool {
        digital::open_input("button").is_ok_and(|button| match (button.is_high(), button.is_low()) {
            (Ok(high), Ok(low)) => high != low,
            _ => false,
        })
    }

    /// An input sees what the output that is wired to it drives.
    fn an_input_sees_its_wire() -> bool {
        wire(|output, input| {
            output.set_high()?;
            let high = input.is_high()? && !input.is_low()?;
            output.set_low()?;
            Ok(high && input.is_low()? && !input.is_high()?)
        })
    }

    /// `set-state` of a plain output reaches the wire.
    fn a_state_reaches_the_wire() -> bool {
        wire(|output, input| {
            output.set_state(PinState::High)?;
            let high = input.is_high()?;
            output.set_state(PinState::Low)?;
            Ok(high && input.is_low()?)
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
