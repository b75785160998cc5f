//! `petiole:telemetry/telemetry`: measurements for the fleet, as SenML (RFC 8428).
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::telemetry::{Error, send_boolean, send_number, send_text};

fn is_invalid(answer: Result<(), Error>) -> bool {
    answer == Err(Error::Invalid)
}

checks! {
    /// Numbers are taken, with and without a unit.
    fn numbers_are_taken() -> bool {
        send_number("number", "Cel", 21.5).is_ok() && send_number("number", "", -0.0).is_ok()
    }

    /// Texts are taken, up to 256 bytes and empty ones.
    fn texts_are_taken() -> bool {
        send_text("text", "21,5 °C").is_ok() && send_text("text", "").is_ok() && send_text("text", &"x".repeat(256)).is_ok()
    }

    /// Truth values are taken.
    fn truth_values_are_taken() -> bool {
        send_boolean("truth", true).is_ok() && send_boolean("truth", false).is_ok()
    }

    /// Names have letters, digits and `-:._/`, and begin with a letter or digit.
    fn names_are_those_of_senml() -> bool {
        send_boolean("0-a:b.c_d/e", true).is_ok()
            && ["", "-a", ".a", "a b", "a\u{e4}"].into_iter().all(|name| is_invalid(send_boolean(name, true)))
    }

    /// Names have at most 32 bytes.
    fn names_have_a_length() -> bool {
        send_boolean(&"n".repeat(32), true).is_ok() && is_invalid(send_boolean(&"n".repeat(33), true))
    }

    /// Units have at most 32 printable characters.
    fn units_are_checked() -> bool {
        is_invalid(send_number("number", "m s", 1.0)) && is_invalid(send_number("number", &"u".repeat(33), 1.0))
    }

    /// Numbers that are none are refused.
    fn numbers_are_finite() -> bool {
        is_invalid(send_number("number", "", f64::NAN)) && is_invalid(send_number("number", "", f64::INFINITY))
    }

    /// Texts of more than 256 bytes are refused.
    fn texts_have_a_length() -> bool {
        is_invalid(send_text("text", &"x".repeat(257)))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
