//! Fuel over time: a token bucket for each component.

use petiole_interfaces::Limits;

/// A component that ran dry goes on when this part of a second's refill is there, so that it does not crawl on step by step.
const RESUME_PART: u64 = 50;
/// The bucket counts thousandths of fuel: what comes back in a millisecond is then the refill rate.
const SCALE: u64 = 1_000;

/// The fuel that a component may use now.
#[derive(Debug)]
pub struct Budget {
    /// Negative: the last slice took more than there was.
    left: i64,
    most: i64,
    call: i64,
    /// Thousandths of fuel in a millisecond.
    refill: u64,
    resume: i64,
    filled_ms: u64,
    dry: bool,
}

impl Budget {
    /// A full bucket.
    pub fn new(limits: &Limits, now_ms: u64) -> Self {
        let most = scaled(limits.fuel.max(limits.fuel_refill));
        Self {
            left: most,
            most,
            call: scaled(limits.fuel),
            refill: limits.fuel_refill,
            resume: scaled((limits.fuel_refill / RESUME_PART).max(1)),
            filled_ms: now_ms,
            dry: false,
        }
    }

    /// Fills up to now.
    pub fn fill(&mut self, now_ms: u64) {
        self.add(product(now_ms.saturating_sub(self.filled_ms), self.refill));
        self.filled_ms = self.filled_ms.max(now_ms);
        self.dry &= self.left < self.resume;
    }

    /// Takes what was used.
    pub fn take(&mut self, fuel: u64) {
        self.left = self.left.saturating_sub(scaled(fuel));
        self.dry |= self.left <= 0;
    }

    /// Gives back what was taken for nothing.
    pub fn give(&mut self, fuel: u64) {
        self.add(scaled(fuel));
    }

    /// When there is fuel for a whole call, milliseconds since the start.
    pub fn call_at(&self) -> u64 {
        self.at(self.call)
    }

    /// When what goes on may go on.
    pub fn go_on_at(&self) -> u64 {
        if self.dry { self.at(self.resume) } else { 0 }
    }

    fn add(&mut self, gained: i64) {
        self.left = self.left.saturating_add(gained).min(self.most);
    }

    fn at(&self, need: i64) -> u64 {
        match need.saturating_sub(self.left) {
            ..=0 => 0,
            missing => {
                let wait = (missing as u64).div_ceil(self.refill.max(1));
                self.filled_ms.saturating_add(wait)
            }
        }
    }
}

fn scaled(fuel: u64) -> i64 {
    product(fuel, SCALE)
}

/// As much of the product as the bucket counts.
#[inline(never)]
fn product(left: u64, right: u64) -> i64 {
    let product = left.checked_mul(right);
    product.map_or(i64::MAX, |product| product.min(i64::MAX as u64) as i64)
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
        budget.take(6);
        assert_eq!(budget.go_on_at(), 25);
        budget.fill(24);
        assert_eq!(budget.go_on_at(), 25);
        budget.fill(25);
        assert_eq!(budget.go_on_at(), 0);
        budget.take(30);
        budget.give(15);
        budget.fill(30);
        assert_eq!(budget.go_on_at(), 40);
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
