//! Holds a component to a rate.

/// Nanoseconds in the unit that a meter counts in: an hour's worth of microseconds times any `u32` fits a `u64`.
const TICK: u64 = 1_000;

/// A token bucket: holds what one period allows, and fills up evenly.
#[derive(Clone, Debug)]
pub struct Meter {
    most: u32,
    period: u64,
    left: u32,
    filled: u64,
}

impl Meter {
    /// A full meter: `most` units for each `period` (nanoseconds, a microsecond to an hour), counted from `now`.
    pub const fn new(most: u32, period: u64, now: u64) -> Self {
        Self {
            most,
            period: period / TICK,
            left: most,
            filled: now / TICK,
        }
    }

    /// What one period allows.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Takes `amount` units at the time `now` (nanoseconds); false, and nothing is taken, when fewer are left.
    pub fn take(&mut self, amount: u32, now: u64) -> bool {
        self.fill(now / TICK);
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn fill(&mut self, now: u64) {
        let most = u64::from(self.most);
        let passed = now.saturating_sub(self.filled);
        let missing = u64::from(self.most - self.left);
        if passed >= self.period || passed * most / self.period >= missing {
            self.left = self.most;
            self.filled = now;
            return;
        }
        let gained = passed * most / self.period;
        if gained > 0 {
            self.left += gained as u32;
            self.filled += gained * self.period / most;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;

    const MS: u64 = 1_000_000;

    #[test]
    fn gives_what_a_period_allows_and_no_more() {
        let mut meter = Meter::new(10, 1_000 * MS, 0);
        assert!(meter.take(10, 0));
        assert!(!meter.take(1, 99 * MS));
        assert!(meter.take(1, 100 * MS));
        assert!(!meter.take(10, 1_099 * MS));
        assert!(meter.take(10, 1_100 * MS));
    }

    #[test]
    fn refused_amounts_cost_nothing() {
        let mut meter = Meter::new(10, 1_000 * MS, 0);
        assert!(!meter.take(11, 0));
        assert!(meter.take(10, 0));
    }

    #[test]
    fn asking_often_loses_no_fraction() {
        let mut meter = Meter::new(3, 1_000 * MS, 0);
        assert!(meter.take(3, 0));
        let taken = (1..=1_002).filter(|now| meter.take(1, now * MS)).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let hour = 3_600_000 * MS;
        let mut meter = Meter::new(u32::MAX, hour, 0);
        assert!(meter.take(u32::MAX, 0));
        assert!(!meter.take(u32::MAX, hour - MS));
        assert!(meter.take(u32::MAX, u64::MAX));
    }

    #[test]
    fn a_meter_of_nothing_gives_nothing() {
        let mut meter = Meter::new(0, 1_000 * MS, 0);
        assert!(!meter.take(1, 5_000 * MS));
        assert!(meter.take(0, 5_000 * MS));
    }
}
