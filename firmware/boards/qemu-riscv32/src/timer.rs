//! The system clock: mtime and mtimecmp of the core-local interruptor (SiFive CLINT). The machine has no watchdog; the
//! timer's interrupt does its work.

use petiole_board::fault::Fault;
use petiole_board::registers::Block;
use petiole_board::time::{Alarm, Timer};
use petiole_board::watchdog::{Counter, LOOK};
use riscv::interrupt::Interrupt;

use crate::interrupts::FAULT;
use crate::layout::LAYOUT;
use crate::reset;

// SAFETY: the interruptor of the machine; its timer registers are used here only.
const CLINT: Block = unsafe { Block::new(0x0200_0000) };

const MTIMECMP: usize = 0x4000;
const MTIME: usize = 0xbff8;

const COUNTS_PER_MICROSECOND: u64 = LAYOUT.timer_hz as u64 / 1_000_000;

/// The machine timer.
pub struct MachineTimer;

embassy_time_driver::time_driver_impl!(static TIMER: Timer<MachineTimer> = Timer::new(MachineTimer));

static WATCHDOG: Counter = Counter::new();

/// Main loop: not hanging.
pub fn feed_watchdog() {
    WATCHDOG.feed(MachineTimer.now());
}

/// Lets the alarm interrupt through; call once before the executor.
pub fn start() {
    MachineTimer.set(u64::MAX);
    // SAFETY: its handler is below.
    unsafe { riscv::interrupt::enable_interrupt(Interrupt::MachineTimer) };
}

#[riscv_rt::core_interrupt(Interrupt::MachineTimer)]
fn machine_timer() {
    if WATCHDOG.starves(MachineTimer.now()) {
        FAULT.keep(Fault::hung(riscv::register::mepc::read() as u32));
        reset::now();
    }
    TIMER.on_alarm();
}

impl Alarm for MachineTimer {
    fn now(&self) -> u64 {
        loop {
            let high = CLINT.read(MTIME + 4);
            let low = CLINT.read(MTIME);
            if CLINT.read(MTIME + 4) == high {
                return (u64::from(high) << 32 | u64::from(low)) / COUNTS_PER_MICROSECOND;
            }
        }
    }

    fn set(&self, at: u64) {
        // The interrupt comes early rather than leave the watchdog asleep.
        let at = at.min(self.now() + LOOK);
        let count = at.saturating_mul(COUNTS_PER_MICROSECOND);
        CLINT.write(MTIMECMP + 4, u32::MAX);
        CLINT.write(MTIMECMP, count as u32);
        CLINT.write(MTIMECMP + 4, (count >> 32) as u32);
    }
}
