//! The board host on a PC: SMP over TCP, scripts in place of compiled components, flash in a file.
//!
//! `cargo run -p petiole-host --example serve -- PORT FLASH_FILE [CLASS_HEX [crashed]]`. Port 0 picks a free one; the line
//! `listening on 127.0.0.1:PORT` says which. The flash file is made when there is none and kept otherwise, so ending the process is
//! pulling the plug. A reset command ends it with code 0; `crashed` says that the firmware itself ended the run before. The layout is the one of `boards/qemu-an505.toml`, the default
//! class that of `tests/vectors`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use petiole_host::{Board, Facts, Heap, Host, SerialOut};
use petiole_store::Layout;

#[path = "serve/file_flash.rs"]
mod file_flash;
#[path = "../tests/host/support/runner.rs"]
mod runner;

use file_flash::FileFlash;
use nor_simulator::Pinned;
use runner::ScriptRunner;

const PROFILE: &str = "petiole:host@0.1.0 wasmtime-48 pulley32 00000000";
const CLASS: &str = "fbc3325abf605873b2c84289a2094210";
const VENDOR: [u8; 16] = 0x865537f5_c31a_5323_a1c3_6ec07121667e_u128.to_be_bytes();

struct Pc;

impl Board for Pc {
    fn now_ns(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    fn entropy(&self, bytes: &mut [u8; 32]) {
        let mut source =
            std::fs::File::open("/dev/urandom").expect("this system has a source of randomness");
        source
            .read_exact(bytes)
            .expect("the source of randomness does not end");
    }

    fn heap(&self) -> Heap {
        Heap {
            size: 163_840,
            used: 40_000,
            peak: 50_000,
        }
    }
}

/// Keeps what is written until the connection takes it.
#[derive(Default)]
struct Line(Vec<u8>);

impl SerialOut for Line {
    fn room(&self) -> usize {
        8192usize.saturating_sub(self.0.len())
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn class(text: &str) -> Option<[u8; 16]> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect();
    bytes?.try_into().ok()
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(port), Some(path)) = (
        arguments.first().and_then(|port| port.parse().ok()),
        arguments.get(1),
    ) else {
        eprintln!("usage: serve PORT FLASH_FILE [CLASS_HEX [crashed]]");
        std::process::exit(2);
    };
    let class =
        class(arguments.get(2).map_or(CLASS, String::as_str)).expect("a class id is 32 hex digits");
    let facts = Facts {
        board: "qemu-an505",
        firmware: env!("CARGO_PKG_VERSION"),
        profile: PROFILE,
        class,
        vendor: VENDOR,
        crashed: arguments.get(3).is_some_and(|word| word == "crashed"),
    };
    let layout = Layout {
        settings: 0..0x4000,
        journal: 0x4000..0x1_4000,
        key_value: 0x11_4000..0x12_4000,
        workloads: 0x1_4000,
        count: 4,
        slot: 0x2_0000,
    };
    let labels = vec![
        ("button", "wasi:gpio/digital"),
        ("i2c-env", "wasi:i2c/i2c"),
        ("led", "wasi:gpio/digital"),
    ];
    let runner = ScriptRunner {
        pinned: Pinned::default(),
        labels,
        spend: || {},
        input: Rc::default(),
        paces: Rc::default(),
    };
    let flash = FileFlash::open(path, 0x18_0000)?;
    let mut host = Host::new(flash, layout, runner, facts, &Pc).expect("the layout fits the flash");

    let listener = TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let mut line = Line::default();
    let mut connection: Option<TcpStream> = None;
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_read_timeout(Some(Duration::from_millis(5)))?;
            line.0.clear();
            connection = Some(stream);
        }
        let mut bytes = [0; 256];
        match connection.as_mut().map(|stream| stream.read(&mut bytes)) {
            Some(Ok(0)) => connection = None,
            Some(Ok(count)) => host.on_serial_bytes(&bytes[..count], &mut line),
            Some(Err(_)) => {}
            None => std::thread::sleep(Duration::from_millis(5)),
        }
        host.poll(&mut line);
        let sent = connection.as_mut().map(|stream| stream.write_all(&line.0));
        line.0.clear();
        if matches!(sent, Some(Err(_))) {
            connection = None;
        }
        if host.wants_reset() {
            return Ok(());
        }
    }
}
