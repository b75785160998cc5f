//! Calendar expressions (formats reference, section 5): five fields, or six with seconds first; UTC.
//!
//! A field is a list, parted by commas, of `*`, a number or a range `a-b`, each with an optional step `/n`. When day of month
//! and day of week are both narrowed, either has to fit.

const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;
/// A time that does not come in this many days never comes: leap days are at most eight years apart.
const HORIZON_DAYS: u32 = 366 * 8;
/// The last day that is looked at, in the year 11,000,000.
const LAST_DAY: u32 = u32::MAX - 1_000_000;

/// Second, minute, hour, day of month, month, day of week.
const RANGES: [(u8, u8); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
/// A bit for each of the two fields of days.
const DAYS: u8 = 1 << 3 | 1 << 5;

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
        let spaces = text.bytes().filter(|byte| *byte == b' ').count();
        // Without a field for seconds: at second 0.
        let mut fields = [1; 6];
        let first = 5usize.checked_sub(spaces).filter(|first| *first <= 1)?;
        let mut narrowed = 0;
        let texts = text.as_bytes().split(|byte| *byte == b' ');
        for (at, field) in (first..).zip(texts) {
            let (least, most) = RANGES[at];
            fields[at] = read_field(field, least, most)?;
            narrowed |= u8::from(!field.starts_with(b"*")) << at;
        }
        // Sunday is 0 and 7.
        fields[5] |= fields[5] >> 7;
        let either_day = narrowed & DAYS == DAYS;
        Some(Self { fields, either_day })
    }

    /// The first time after `unix`, seconds since 1970; none when it never comes.
    pub fn next_after(&self, unix: u64) -> Option<u64> {
        let start = unix.checked_add(1)?;
        let first = u32::try_from(start / u64::from(DAY)).ok()?;
        let mut from = (start % u64::from(DAY)) as u32;
        if first > LAST_DAY {
            return None;
        }
        for day in first..first + HORIZON_DAYS {
            if self.fits_day(day)
                && let Some(time) = self.next_in_day(from)
            {
                return Some(u64::from(day) * u64::from(DAY) + u64::from(time));
            }
            from = 0;
        }
        None
    }

    fn has(&self, field: usize, value: u32) -> bool {
        self.fields[field] >> value & 1 != 0
    }

    fn fits_day(&self, day: u32) -> bool {
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
    fn next_in_day(&self, from: u32) -> Option<u32> {
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

fn read_field(text: &[u8], least: u8, most: u8) -> Option<u64> {
    let mut bits = 0;
    for item in text.split(|byte| *byte == b',') {
        let (span, step) = halves(item, b'/');
        let step = match step {
            Some(step) => number(step).filter(|step| (1..=most).contains(step))?,
            None => 1,
        };
        let (mut first, mut last) = (least, most);
        if span != b"*" {
            let (low, high) = halves(span, b'-');
            first = number(low)?;
            last = number(high.unwrap_or(low))?;
        }
        if first < least || last > most || first > last {
            return None;
        }
        while first <= last {
            bits |= 1u64 << first;
            first += step;
        }
    }
    Some(bits)
}

/// What stands before the first `mark`, and what behind it.
fn halves(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// One or two digits.
fn number(text: &[u8]) -> Option<u8> {
    if !(1..=2).contains(&text.len()) {
        return None;
    }
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + digit;
    }
    Some(value)
}

/// Month and day of month of a day since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn month_and_day(day: u32) -> (u32, u32) {
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
