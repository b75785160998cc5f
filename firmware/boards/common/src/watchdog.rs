//! A watchdog of software, for boards that have none of their own.
//!
//! The timer's interrupt looks whether the main loop has come round lately. So it notices a loop that hangs; a processor that
//! takes no interrupts any more it does not notice, which hardware would.

use core::sync::atomic::{AtomicU32, Ordering};

/// How long the main loop may stay away, microseconds; hardware watchdogs are set to the same.
pub const PATIENCE: u64 = 8_000_000;

/// How often [`Counter::starves`] has to be asked at least, microseconds.
pub const LOOK: u64 = 1_000_000;

/// Milliseconds, which 32 bits hold for 49 days: far longer than any patience.
const UNIT: u64 = 1_000;

/// When the main loop was last seen.
pub struct Counter(AtomicU32);

impl Counter {
    /// A watchdog that was fed at the start.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Main loop: it is there, at the time `now` (microseconds since the start).
    pub fn feed(&self, now: u64) {
        self.0.store((now / UNIT) as u32, Ordering::Relaxed);
    }

    /// Timer interrupt: whether the main loop stayed away for longer than [`PATIENCE`].
    pub fn starves(&self, now: u64) -> bool {
        let away = ((now / UNIT) as u32).wrapping_sub(self.0.load(Ordering::Relaxed));
        u64::from(away) * UNIT > PATIENCE
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, PATIENCE};

    #[test]
    fn starves_once_its_patience_is_over() {
        let counter = Counter::new();
        counter.feed(1_000_000);
        assert!(!counter.starves(1_000_000 + PATIENCE));
        assert!(counter.starves(1_001_000 + PATIENCE));
        counter.feed(1_001_000 + PATIENCE);
        assert!(!counter.starves(1_001_000 + PATIENCE));
    }

    #[test]
    fn outlives_the_wrap_of_its_counter() {
        let counter = Counter::new();
        let wrap = (u64::from(u32::MAX) + 1) * 1_000;
        counter.feed(wrap - 1_000);
        assert!(!counter.starves(wrap + 1_000_000));
        assert!(counter.starves(wrap + 2 * PATIENCE));
    }
}
