//! `petiole:serial/ports`: serial ports by label, on edge hosts only.
//!
//! Output of the port `serial-loop` is wired to its input.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::edge::petiole::serial::ports::{self, ErrorCode, Port};

fn port(action: impl FnOnce(&Port) -> Result<bool, ErrorCode>) -> bool {
    ports::open("serial-loop")
        .and_then(|port| action(&port))
        .unwrap_or(false)
}

checks! {
    /// What is sent comes back in its order; `subscribe` is ready when something has arrived.
    fn what_is_sent_arrives() -> bool {
        port(|port| {
            port.write(b"hello")?;
            let mut got = Vec::new();
            while got.len() < 5 {
                port.subscribe().block();
                got.extend(port.read(3)?);
            }
            Ok(got == b"hello")
        })
    }

    /// `read` does not wait: it gives nothing when nothing has arrived.
    fn reading_does_not_wait() -> bool {
        port(|port| Ok(port.read(8)?.is_empty()))
    }

    /// `discard` forgets what has arrived.
    fn discard_forgets() -> bool {
        port(|port| {
            port.write(b"noise")?;
            port.subscribe().block();
            port.discard()?;
            Ok(port.read(8)?.is_empty())
        })
    }

    /// An open port is busy for others, until its handle is dropped.
    fn a_port_has_one_user() -> bool {
        port(|_| Ok(matches!(ports::open("serial-loop"), Err(ErrorCode::Busy)))) && port(|_| Ok(true))
    }

    /// A port that is not granted is `not-granted`.
    fn other_ports_do_not_open() -> bool {
        matches!(ports::open("console"), Err(ErrorCode::NotGranted))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 8192);
