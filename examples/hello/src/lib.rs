//! The smallest component: one log line a call.
#![no_std]

extern crate alloc;

use alloc::string::String;

use petiole_guest::{Handler, Level, log};

struct Hello;

impl Handler for Hello {
    fn run() -> Result<(), String> {
        log(Level::Info, "hello", "Hello from a component");
        Ok(())
    }
}

petiole_guest::component!(Hello);
