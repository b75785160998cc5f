//! `wasi:cli`, `wasi:io/streams`, `wasi:random/insecure` and `wasi:sockets`: what programs find around them, on edge
//! hosts only.
//!
//! The guest has the environment `GREETING=hello`. What it writes to `stdout` and `stderr` becomes log lines.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::edge::wasi::cli::{environment, stderr, stdin, stdout, terminal_stdout};
use petiole_guest::edge::wasi::io::streams::StreamError;
use petiole_guest::edge::wasi::random::{insecure, insecure_seed};
use petiole_guest::edge::wasi::sockets::network::{ErrorCode, IpAddressFamily};
use petiole_guest::edge::wasi::sockets::{instance_network, ip_name_lookup, tcp_create_socket};

checks! {
    /// The environment is that of the deployment descriptor; there are no arguments and there is no working folder.
    fn the_environment_is_granted() -> bool {
        environment::get_environment() == [("GREETING".into(), "hello".into())]
            && environment::get_arguments().is_empty()
            && environment::initial_cwd().is_none()
    }

    /// Input has ended.
    fn there_is_no_input() -> bool {
        matches!(stdin::get_stdin().blocking_read(8), Err(StreamError::Closed))
    }

    /// Output is taken, with and without waiting; no more than `check-write` says.
    fn output_is_taken() -> bool {
        let out = stdout::get_stdout();
        let room = out.check_write().unwrap_or(0);
        room >= 4096
            && out.write(b"half a ").is_ok()
            && out.blocking_write_and_flush(b"line\n").is_ok()
            && stderr::get_stderr().blocking_write_and_flush(b"a warning\n").is_ok()
    }

    /// Streams tell when they are ready.
    fn streams_are_ready() -> bool {
        let (out, input) = (stdout::get_stdout(), stdin::get_stdin());
        out.subscribe().block();
        input.subscribe().block();
        out.subscribe().ready() && input.subscribe().ready()
    }

    /// There is no terminal.
    fn there_is_no_terminal() -> bool {
        terminal_stdout::get_terminal_stdout().is_none()
    }

    /// Numbers for hash tables differ from call to call.
    fn numbers_differ() -> bool {
        insecure::get_insecure_random_u64() != insecure::get_insecure_random_u64()
            && insecure::get_insecure_random_bytes(16).len() == 16
            && insecure_seed::insecure_seed() != insecure_seed::insecure_seed()
    }

    /// No socket is made and no name looked up: `access-denied`.
    fn sockets_are_denied() -> bool {
        let network = instance_network::instance_network();
        matches!(tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4), Err(ErrorCode::AccessDenied))
            && matches!(ip_name_lookup::resolve_addresses(&network, "localhost"), Err(ErrorCode::AccessDenied))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 16384);
