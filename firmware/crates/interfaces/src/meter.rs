//! Holds a component to a rate.

/// A token bucket: holds what one period allows, and fills up evenly.
#[derive(Clone, Debug)]
pub struct Meter {
    most: u32,
    period: u64,
    left: u32,
    filled: u64,
}

impl Meter {
    /// A full meter: `most` units for each `period` (nanoseconds, not zero), counted from `now`.
    pub const fn new(most: u32, period: u64, now: u64) -> Self {
        Self {
            most,
            period,
            left: most,
            filled: now,
        }
    }

    /// What one period allows.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Takes `amount` units at the time `now`; false, and nothing is taken, when fewer are left.
    pub fn take(&mut self, amount: u32, now: u64) -> bool {
        self.fill(now);
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn fill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.filled);
        let gained = u128::from(passed) * u128::from(self.most) / u128::from(self.period);
        if gained >= u128::from(self.most - self.left) {
            self.left = self.most;
            self.filled = now;
        } else if gained > 0 {
            self.left += gained as u32;
            self.filled += (gained * u128::from(self.period) / u128::from(self.most)) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn gives_what_a_period_allows_and_no_more() {
        let mut meter = Meter::new(10, 1_000, 0);
        assert!(meter.take(10, 0));
        assert!(!meter.take(1, 99));
        assert!(meter.take(1, 100));
        assert!(!meter.take(10, 1_099));
        assert!(meter.take(10, 1_100));
    }

    #[test]
    fn refused_amounts_cost_nothing() {
        let mut meter = Meter::new(10, 1_000, 0);
        assert!(!meter.take(11, 0));
        assert!(meter.take(10, 0));
    }

    #[test]
    fn asking_often_loses_no_fraction() {
        let mut meter = Meter::new(3, 1_000, 0);
        assert!(meter.take(3, 0));
        let taken = (1..=1_002).filter(|now| meter.take(1, *now)).count();
        assert_eq!(taken, 3);
    }
}
