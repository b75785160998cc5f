//! `wasi:logging/logging`: log lines with a severity.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::{Handler, Level, log};

checks! {
    /// Every severity is taken; the host shows the lines `logging: trace` to `logging: critical`.
    fn every_severity_is_taken() -> bool {
        for (level, message) in [
            (Level::Trace, "trace"),
            (Level::Debug, "debug"),
            (Level::Info, "info"),
            (Level::Warn, "warn"),
            (Level::Error, "error"),
            (Level::Critical, "critical"),
        ] {
            log(level, "logging", message);
        }
        true
    }

    /// Context and message may be empty.
    fn empty_texts_are_taken() -> bool {
        log(Level::Info, "", "");
        true
    }

    /// Messages are text of any script, and may have several lines.
    fn any_text_is_taken() -> bool {
        log(Level::Info, "logging", "one line\nanother line");
        log(Level::Info, "logging", "21,5 °C – 中文 – 🌡");
        true
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
