//! `wasi:config/store`: the values of the deployment descriptor.
//!
//! The guest runs with `colour: green` and `empty: ""`.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::{Handler, config};

checks! {
    /// `get` answers with the value of a key.
    fn a_value_is_found() -> bool {
        matches!(config::get("colour"), Ok(Some(value)) if value == "green")
    }

    /// An empty value is a value.
    fn an_empty_value_is_found() -> bool {
        matches!(config::get("empty"), Ok(Some(value)) if value.is_empty())
    }

    /// `get` of a key that is not there answers none, not an error.
    fn a_missing_value_is_none() -> bool {
        matches!(config::get("size"), Ok(None))
    }

    /// Keys are compared letter by letter.
    fn keys_are_compared_exactly() -> bool {
        matches!(config::get("Colour"), Ok(None)) && matches!(config::get("colour "), Ok(None))
    }

    /// `get-all` answers with every value once.
    fn all_values_are_listed_once() -> bool {
        let Ok(values) = config::get_all() else {
            return false;
        };
        let count = |name: &str, value: &str| values.iter().filter(|(n, v)| n == name && v == value).count();
        values.len() == 2 && count("colour", "green") == 1 && count("empty", "") == 1
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
