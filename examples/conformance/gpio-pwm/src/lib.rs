//! `wasi:gpio/pwm`: pulse width modulation.
//!
//! The guest is granted the output `dimmer`.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::bindings::wasi::gpio::types::ErrorCode;
use petiole_guest::pwm::PwmPin;
use petiole_guest::{Handler, pwm};

/// Opens the output and acts on it.
fn dimmer(action: impl FnOnce(&PwmPin) -> Result<bool, ErrorCode>) -> bool {
    pwm::open("dimmer")
        .and_then(|pin| action(&pin))
        .unwrap_or(false)
}

checks! {
    /// An output that is not granted does not open: its error text begins with `not-granted`.
    fn another_output_does_not_open() -> bool {
        matches!(pwm::open("other"), Err(ErrorCode::Other(text)) if text.starts_with("not-granted"))
    }

    /// The maximum is more than nothing and stays the same.
    fn the_maximum_is_known() -> bool {
        dimmer(|pin| {
            let most = pin.max_duty_cycle();
            pin.set_duty_cycle_fully_on()?;
            Ok(most > 0 && pin.max_duty_cycle() == most)
        })
    }

    /// Every duty from nothing to the maximum is taken.
    fn duties_are_taken() -> bool {
        dimmer(|pin| {
            let most = pin.max_duty_cycle();
            for duty in [0, 1, most / 2, most] {
                pin.set_duty_cycle(duty)?;
            }
            Ok(true)
        })
    }

    /// A duty above the maximum is refused.
    fn a_duty_has_a_maximum() -> bool {
        dimmer(|pin| {
            let most = pin.max_duty_cycle();
            Ok(most == u16::MAX || pin.set_duty_cycle(most + 1).is_err())
        })
    }

    /// `set-duty-cycle-fully-off` and `-on` are taken.
    fn fully_on_and_off_are_taken() -> bool {
        dimmer(|pin| pin.set_duty_cycle_fully_on().and_then(|()| pin.set_duty_cycle_fully_off()).map(|()| true))
    }

    /// A fraction of at most one is taken, a larger one and one of nothing are refused.
    fn fractions_are_at_most_one() -> bool {
        dimmer(|pin| {
            pin.set_duty_cycle_fraction(1, 3)?;
            pin.set_duty_cycle_fraction(u16::MAX, u16::MAX)?;
            Ok(pin.set_duty_cycle_fraction(4, 3).is_err() && pin.set_duty_cycle_fraction(0, 0).is_err())
        })
    }

    /// Up to 100 percent are taken, more are refused.
    fn percents_are_at_most_a_hundred() -> bool {
        dimmer(|pin| {
            pin.set_duty_cycle_percent(0)?;
            pin.set_duty_cycle_percent(100)?;
            Ok(pin.set_duty_cycle_percent(101).is_err())
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
