//! The time of day, as the edge host sets it.

use core::cell::Cell;

use petiole_interfaces::clock::Wall;

/// Nanoseconds of age in which a board's clock goes wrong by one at most: 100 parts in a million.
const DRIFT: u64 = 10_000;
const NS_PER_MS: u64 = 1_000_000;

#[derive(Clone, Copy)]
struct Setting {
    unix_ns: u64,
    uncertainty_ns: u64,
    /// Uptime at which it was set.
    at_ns: u64,
}

/// The wall clock; not set after each start.
#[derive(Default)]
pub struct Clock(Cell<Option<Setting>>);

impl Clock {
    /// Takes the time that somebody knew at the uptime `now_ns`, milliseconds.
    pub fn set(&self, unix_ms: u64, uncertainty_ms: u64, now_ns: u64) {
        self.0.set(Some(Setting {
            unix_ns: unix_ms.saturating_mul(NS_PER_MS),
            uncertainty_ns: uncertainty_ms.saturating_mul(NS_PER_MS),
            at_ns: now_ns,
        }));
    }

    /// The time at the uptime `now_ns`.
    pub fn wall(&self, now_ns: u64) -> Option<Wall> {
        let setting = self.0.get()?;
        let age_ns = now_ns.saturating_sub(setting.at_ns);
        Some(Wall {
            unix_ns: setting.unix_ns.saturating_add(age_ns),
            uncertainty_ns: setting.uncertainty_ns.saturating_add(age_ns / DRIFT),
            age_ns,
        })
    }

    /// The time at the uptime `now_ms`, milliseconds since 1970.
    pub fn unix_ms(&self, now_ms: u64) -> Option<u64> {
        let wall = self.wall(now_ms.saturating_mul(NS_PER_MS))?;
        Some(wall.unix_ns / NS_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_gets_less_certain() {
        let clock = Clock::default();
        assert_eq!(clock.wall(5), None);
        clock.set(1_000, 20, 7 * NS_PER_MS);
        let wall = clock.wall(10_007 * NS_PER_MS).unwrap();
        assert_eq!(
            (wall.unix_ns, wall.age_ns),
            (11_000 * NS_PER_MS, 10_000 * NS_PER_MS)
        );
        assert_eq!(wall.uncertainty_ns, 21 * NS_PER_MS);
        assert_eq!(clock.unix_ms(8), Some(1_001));
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        let clock = Clock::default();
        clock.set(u64::MAX, u64::MAX, 0);
        assert_eq!(clock.wall(u64::MAX).unwrap().unix_ns, u64::MAX);
    }
}
