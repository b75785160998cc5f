//! The board's one task that matters: serial bytes and time into the host, its answers and events out.

use alloc::string::String;

use embassy_futures::select::{Either3, select, select3};
use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use petiole_host::{Board, Facts, Host, SerialOut};
use petiole_interfaces::Devices;
use petiole_interfaces::Level;

use crate::fault::Fault;
use crate::flash::{Medium, Nor};
use crate::heap::Heap;
use crate::runner::Runner;
use crate::serial::{LONGEST_ANSWER, Queues};
use crate::{Layout, flash};

/// What only the board can do, as plain functions.
pub struct Hooks {
    /// The global allocator.
    pub heap: &'static Heap,
    /// The serial port's queues.
    pub serial: &'static Queues,
    /// Lets the receive interrupt through again, after [`Queues::receive`] made room.
    pub unmask_receive: fn(),
    /// Fills the bytes with what randomness the board has.
    pub entropy: fn(&mut [u8; 32]),
    /// Gives the main loop another [`PATIENCE`](crate::watchdog::PATIENCE) before the watchdog restarts the board.
    pub feed_watchdog: fn(),
    /// Restarts the board.
    pub reset: fn() -> !,
}

/// Set when a guest can go on.
static WAKE: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// How long a full send queue is left alone before it is looked at again.
const SEND_PAUSE: Duration = Duration::from_millis(2);
/// Time for the last bytes to leave the serial port before a reset.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// Starts the host over the board's flash and devices, and runs it for ever. `fault` is what ended the run before this one.
pub async fn run<M: Medium + 'static>(
    layout: &'static Layout,
    hooks: &'static Hooks,
    flash: Nor<M>,
    devices: Devices,
    fault: Option<Fault>,
) -> ! {
    let facts = Facts {
        board: layout.board,
        firmware: env!("CARGO_PKG_VERSION"),
        profile: petiole_profile::PROFILE,
        class: petiole_profile::CLASS_ID,
        vendor: petiole_profile::VENDOR_ID,
        crashed: fault.is_some(),
    };
    let runner = Runner::new(layout, devices);
    let Ok(mut host) = Host::new(flash, flash::store_layout(layout), runner, facts, hooks) else {
        // Flash that does not work may work after a restart, and there is nothing to do without it.
        Timer::after_secs(1).await;
        (hooks.reset)()
    };
    if let Some(fault) = fault {
        host.log(Level::Critical, "fault", &told(fault));
    }
    let mut out = Out(hooks.serial);
    let mut bytes = [0; 128];
    let mut held = 0..0;
    loop {
        (hooks.feed_watchdog)();
        // The task that sends gets its turn even when a guest is always due.
        yield_now().await;
        let due = Instant::from_millis(host.poll(&mut out));
        if host.wants_reset() {
            hooks.serial.drained().await;
            Timer::after(LAST_BYTES).await;
            (hooks.reset)()
        }
        if hooks.serial.room() < LONGEST_ANSWER {
            select(WAKE.wait(), Timer::at(due.min(Instant::now() + SEND_PAUSE))).await;
            continue;
        }
        if held.is_empty() {
            let received = hooks.serial.receive(&mut bytes);
            match select3(received, WAKE.wait(), Timer::at(due)).await {
                Either3::First(count) => held = 0..count,
                Either3::Second(()) | Either3::Third(()) => continue,
            }
            (hooks.unmask_receive)();
        }
        // A line holds at most one request, so at most one answer comes of it.
        let line = bytes[held.clone()]
            .split_inclusive(|byte| *byte == b'\n')
            .next();
        let line = line.unwrap_or_default();
        held.start += line.len();
        host.on_serial_bytes(line, &mut out);
    }
}

fn told(Fault { pc, cause }: Fault) -> String {
    match cause {
        Fault::HUNG => alloc::format!("the watchdog restarted the board, which hung at {pc:#010x}"),
        _ => alloc::format!("the board restarted after a fault at {pc:#010x}, cause {cause:#x}"),
    }
}

/// The send queue; the loop above takes bytes in only while a whole answer has room.
struct Out(&'static Queues);

impl SerialOut for Out {
    fn room(&self) -> usize {
        self.0.room()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.send(bytes);
    }
}

impl Board for Hooks {
    fn now_ns(&self) -> u64 {
        Instant::now().as_micros() * 1_000
    }

    fn entropy(&self, bytes: &mut [u8; 32]) {
        (self.entropy)(bytes);
    }

    fn wake(&self) {
        WAKE.signal(());
    }

    fn heap(&self) -> petiole_host::Heap {
        let usage = self.heap.usage();
        petiole_host::Heap {
            size: usage.size as u32,
            used: usage.used as u32,
            peak: usage.peak as u32,
        }
    }
}
