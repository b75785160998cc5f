//! Runs the named checks of a conformance guest and reports each: a log line `check NAME true`, a measurement `NAME`.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use core::sync::atomic::{AtomicUsize, Ordering};

use petiole_guest::{Level, log, telemetry};

/// A named check: whether the host does what the interface promises.
pub type Check = (&'static str, fn() -> bool);

/// Lists functions as the checks of a guest; their comments go to the reference page of the interface.
#[macro_export]
macro_rules! checks {
    ($($(#[doc = $doc:literal])+ fn $name:ident() -> bool $body:block)+) => {
        $($(#[doc = $doc])+ fn $name() -> bool $body)+

        /// Every check, in the order of the source.
        const CHECKS: &[$crate::Check] = &[$((stringify!($name), $name)),+];
    };
}

/// Checks that were reported.
static REPORTED: AtomicUsize = AtomicUsize::new(0);

/// Runs the checks that were not reported yet; goes on at the next call with one that the host had no room for.
pub fn report(checks: &[Check]) -> Result<(), String> {
    for (name, check) in checks.iter().skip(REPORTED.load(Ordering::Relaxed)) {
        let passed = check();
        match telemetry::send_boolean(name, passed) {
            Ok(()) => {}
            Err(telemetry::Error::Invalid) => return Err(name.to_string()),
            Err(_) => break,
        }
        let line = ["check ", name, if passed { " true" } else { " false" }].concat();
        log(Level::Info, "conformance", &line);
        REPORTED.store(REPORTED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    Ok(())
}
