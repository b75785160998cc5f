//! The system clock: two CMSDK APB timers. Timer 0 counts without end, timer 1 is the alarm.

use core::sync::atomic::{AtomicU32, Ordering};

use petiole_board::time::{Alarm, Timer};

use crate::layout::LAYOUT;
use petiole_board::registers::Block;

/// Interrupt numbers of the two timers.
pub const COUNTER_IRQ: u16 = 3;
pub const ALARM_IRQ: u16 = 4;

// SAFETY: timers 0 and 1 of the IoT kit; used here only.
const COUNTER: Block = unsafe { Block::new(0x4000_0000) };
// SAFETY: as above.
const ALARM: Block = unsafe { Block::new(0x4000_1000) };

const CTRL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
const INTSTATUS: usize = 0xc;
const ENABLE: u32 = 1;
const INTERRUPT: u32 = 1 << 3;

const COUNTS_PER_MICROSECOND: u64 = LAYOUT.timer_hz as u64 / 1_000_000;

/// The two timers.
pub struct Timers {
    /// How often the counter went through its 32 bits.
    rounds: AtomicU32,
}

embassy_time_driver::time_driver_impl!(static TIMER: Timer<Timers> = Timer::new(Timers { rounds: AtomicU32::new(0) }));

/// Starts counting; call once before the executor.
pub fn start() {
    COUNTER.write(RELOAD, u32::MAX);
    COUNTER.write(VALUE, u32::MAX);
    COUNTER.write(CTRL, ENABLE | INTERRUPT);
}

/// Interrupt handler of the counter.
pub fn on_wrap() {
    critical_section::with(|_| {
        if COUNTER.read(INTSTATUS) != 0 {
            COUNTER.write(INTSTATUS, 1);
            TIMER.alarm().rounds.fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// Interrupt handler of the alarm.
pub fn on_alarm() {
    TIMER.on_alarm();
}

impl Alarm for Timers {
    fn now(&self) -> u64 {
        critical_section::with(|_| {
            let mut left = COUNTER.read(VALUE);
            let mut rounds = self.rounds.load(Ordering::Relaxed);
            if COUNTER.read(INTSTATUS) != 0 {
                left = COUNTER.read(VALUE);
                rounds = rounds.wrapping_add(1);
            }
            (u64::from(rounds) << 32 | u64::from(u32::MAX - left)) / COUNTS_PER_MICROSECOND
        })
    }

    fn set(&self, at: u64) {
        ALARM.write(CTRL, 0);
        ALARM.write(INTSTATUS, 1);
        if at == u64::MAX {
            return;
        }
        let counts = at
            .saturating_sub(self.now())
            .saturating_mul(COUNTS_PER_MICROSECOND);
        let counts = u32::try_from(counts).unwrap_or(u32::MAX).max(1);
        ALARM.write(RELOAD, counts);
        ALARM.write(VALUE, counts);
        ALARM.write(CTRL, ENABLE | INTERRUPT);
    }
}
