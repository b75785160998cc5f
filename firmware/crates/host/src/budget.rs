//! Fuel over time: a token bucket for each component.

use petiole_interfaces::Limits;

/// A component that ran dry goes on when this part of a second's refill is there, so that it does not crawl on step by step.
const RESUME_PART: u64 = 50;
/// The bucket counts thousandths of fuel: what comes back in a millisecond is then the refill rate.
const SCALE: u64 = 1_000;

/// The fuel that a component may use now.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    most: u64,
    call: u64,
    refill: u64,
    resume: u64,
    filled_ms: u64,
    dry: bool,
}

impl Budget {
    /// A full bucket.
    pub fn new(limits: &Limits, now_ms: u64) -> Self {
        let most = limits.fuel.max(limits.fuel_refill).saturating_mul(SCALE);
        Self {
            left: most,
            most,
            call: limits.fuel.saturating_mul(SCALE),
            refill: limits.fuel_refill,
            resume: (limits.fuel_refill / RESUME_PART)
                .max(1)
                .saturating_mul(SCALE),
            filled_ms: now_ms,
            dry: false,
        }
    }

    /// Fills up to now.
    pub fn fill(&mut self, now_ms: u64) {
        let gained = now_ms
            .saturating_sub(self.filled_ms)
            .saturating_mul(self.refill);
        self.left = self.left.saturating_add(gained).min(self.most);
        self.filled_ms = self.filled_ms.max(now_ms);
        self.dry &= self.left < self.resume;
    }

    /// Takes what was used.
    pub fn take(&mut self, fuel: u64) {
        self.left = self.left.saturating_sub(fuel.saturating_mul(SCALE));
        self.dry |= self.left == 0;
    }

    /// Gives back what was taken for nothing.
    pub fn give(&mut self, fuel: u64) {
        let given = self.left.saturating_add(fuel.saturating_mul(SCALE));
        self.left = given.min(self.most);
    }

    /// When there is fuel for a whole call, milliseconds since the start.
    pub fn call_at(&self) -> u64 {
        self.at(self.call)
    }

    /// When what goes on may go on.
    pub fn go_on_at(&self) -> u64 {
        if self.dry { self.at(self.resume) } else { 0 }
    }

    fn at(&self, need: u64) -> u64 {
        match need.saturating_sub(self.left) {
            0 => 0,
            missing => self
                .filled_ms
                .saturating_add(missing.div_ceil(self.refill.max(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(fuel: u64, fuel_refill: u64) -> Budget {
        let limits = Limits {
            fuel,
            fuel_refill,
            ..Limits::default()
        };
        Budget::new(&limits, 0)
    }

    #[test]
    fn a_call_waits_until_its_fuel_is_there() {
        let mut budget = budget(1_000, 2_000);
        assert_eq!(budget.call_at(), 0);
        budget.take(2_000);
        assert_eq!(budget.call_at(), 500);
        budget.fill(499);
        assert_eq!(budget.call_at(), 500);
        budget.fill(500);
        assert_eq!(budget.call_at(), 0);
    }

    #[test]
    fn what_ran_dry_goes_on_with_a_part_of_a_second_of_fuel() {
        let mut budget = budget(1_000, 1_000);
        budget.take(999);
        assert_eq!(budget.go_on_at(), 0);
        budget.take(5);
        assert_eq!(budget.go_on_at(), 20);
        budget.fill(19);
        assert_eq!(budget.go_on_at(), 20);
        budget.fill(20);
        assert_eq!(budget.go_on_at(), 0);
    }

    #[test]
    fn asking_each_millisecond_loses_nothing() {
        let mut budget = budget(10, 1_500);
        budget.take(1_500);
        (0..=10).for_each(|now| budget.fill(now));
        budget.take(15);
        assert_eq!(budget.go_on_at(), 30);
    }

    #[test]
    fn the_largest_limits_do_not_overflow() {
        let mut budget = budget(u64::MAX, u64::MAX);
        budget.take(u64::MAX);
        budget.fill(u64::MAX);
        assert_eq!(budget.call_at(), 0);
    }
}
