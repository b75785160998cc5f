//! Calendar expressions (formats reference, section 5): five fields, or six with seconds first; UTC.
//!
//! A field is a list, parted by commas, of `*`, a number or a range `a-b`, each with an optional step `/n`. When day of month
//! and day of week are both narrowed, either has to fit.

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
/// A time that does not come in this many days never comes: leap days are at most eight years apart.
const HORIZON_DAYS: u64 = 366 * 8;

/// Second, minute, hour, day of month, month, day of week.
const RANGES: [(u8, u8); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];

/// The times of an expression: a bit for each value that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    fields: [u64; 6],
    /// Whether both days are narrowed.
    either_day: bool,
}

impl Cron {
    /// Reads an expression; none when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let count = text.split(' ').count();
        let first = 6usize.checked_sub(count).filter(|first| *first <= 1)?;
        // Without a field for seconds: at second 0.
        let mut fields = [1; 6];
        for (at, field) in text.split(' ').enumerate() {
            let (least, most) = RANGES[first + at];
            fields[first + at] = read_field(field, least, most)?;
        }
        // Sunday is 0 and 7.
        fields[5] |= fields[5] >> 7;
        let narrowed = |text: Option<&str>| text.is_some_and(|text| !text.starts_with('*'));
        let either_day =
            narrowed(text.split(' ').nth(3 - first)) && narrowed(text.split(' ').nth(5 - first));
        Some(Self { fields, either_day })
    }

    /// The first time after `unix`, seconds since 1970; none when it never comes.
    pub fn next_after(&self, unix: u64) -> Option<u64> {
        let start = unix.checked_add(1)?;
        let first = start / DAY;
        (first..first + HORIZON_DAYS)
            .filter(|day| self.fits_day(*day))
            .find_map(|day| {
                let from = if day == first { start % DAY } else { 0 };
                day.checked_mul(DAY)?.checked_add(self.next_in_day(from)?)
            })
    }

    fn has(&self, field: usize, value: u64) -> bool {
        self.fields[field] >> value & 1 != 0
    }

    fn fits_day(&self, day: u64) -> bool {
        let (month, of_month) = month_and_day(day);
        // 1970 began on a Thursday.
        let of_week = (day + 4) % 7;
        let (month_day, week_day) = (self.has(3, of_month), self.has(5, of_week));
        let fits = if self.either_day {
            month_day || week_day
        } else {
            month_day && week_day
        };
        fits && self.has(4, month)
    }

    /// The first time of a day at second `from` of it or later.
    fn next_in_day(&self, from: u64) -> Option<u64> {
        let mut at = from;
        while at < DAY {
            if !self.has(2, at / HOUR) {
                at = (at / HOUR + 1) * HOUR;
            } else if !self.has(1, at % HOUR / MINUTE) {
                at = (at / MINUTE + 1) * MINUTE;
            } else if !self.has(0, at % MINUTE) {
                at += 1;
            } else {
                return Some(at);
            }
        }
        None
    }
}

fn read_field(text: &str, least: u8, most: u8) -> Option<u64> {
    let mut bits = 0;
    for item in text.split(',') {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, number(step).filter(|step| (1..=most).contains(step))?),
            None => (item, 1),
        };
        let (first, last) = match span.split_once('-') {
            _ if span == "*" => (least, most),
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(span)?, number(span)?),
        };
        if first < least || last > most || first > last {
            return None;
        }
        for value in (first..=last).step_by(usize::from(step)) {
            bits |= 1u64 << value;
        }
    }
    Some(bits)
}

/// One or two digits.
fn number(text: &str) -> Option<u8> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// Month and day of month of a day since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn month_and_day(day: u64) -> (u64, u64) {
    let of_era = (day + 719_468) % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (month, day)
}

#[cfg(test)]
mod tests;
