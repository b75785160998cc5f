//! The time of day behind `wasi:clocks/wall-clock` and `petiole:clock/synchronization`.

const SECOND_NS: u64 = 1_000_000_000;

/// The time of day and how right it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub unix_ns: u64,
    /// How wrong that may be at most, nanoseconds.
    pub uncertainty_ns: u64,
    /// Nanoseconds since it was set.
    pub age_ns: u64,
}

/// Whole seconds and the nanoseconds that remain. A wall clock that was never set counts from 1970 with the board's uptime `now`.
pub fn datetime(wall: Option<Wall>, now: u64) -> (u64, u32) {
    let ns = wall.map_or(now, |wall| wall.unix_ns);
    (ns / SECOND_NS, (ns % SECOND_NS) as u32)
}

#[cfg(test)]
mod tests {
    use super::{Wall, datetime};

    #[test]
    fn a_set_clock_shows_seconds_and_nanoseconds() {
        let wall = Wall {
            unix_ns: 1_790_000_000_999_999_999,
            uncertainty_ns: 5,
            age_ns: 7,
        };
        assert_eq!(datetime(Some(wall), 3), (1_790_000_000, 999_999_999));
    }

    #[test]
    fn a_clock_that_was_never_set_counts_from_1970() {
        assert_eq!(datetime(None, 61_000_000_001), (61, 1));
    }
}
