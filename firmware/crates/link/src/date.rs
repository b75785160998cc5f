//! Dates as MCUmgr writes them: `2026-11-21T15:04:05.123+00:00`.

const MS_A_DAY: i64 = 86_400_000;

/// A date with milliseconds, in UTC.
pub struct Date([u8; 29]);

impl Date {
    /// The date of this many milliseconds since 1970, up to the year 9999.
    pub fn new(unix_ms: u64) -> Self {
        // Days are counted from 1 March of year 0: leap days are the last of a year then (H. Hinnant, chrono-compatible dates).
        let days = (unix_ms / MS_A_DAY as u64) as u32 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let shifted = (5 * day + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year + era * 400 + u32::from(month <= 2);
        let ms = (unix_ms % MS_A_DAY as u64) as u32;
        let seconds = ms / 1_000;

        let mut text = *b"0000-00-00T00:00:00.000+00:00";
        let fields = [
            (0..4, year % 10_000),
            (5..7, month),
            (8..10, day - (153 * shifted + 2) / 5 + 1),
            (11..13, seconds / 3_600),
            (14..16, seconds / 60 % 60),
            (17..19, seconds % 60),
            (20..23, ms % 1_000),
        ];
        for (place, value) in fields {
            let mut value = value;
            for digit in text[place].iter_mut().rev() {
                *digit = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        Self(text)
    }

    /// Its text.
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Milliseconds since 1970 of a date from then to 9999, in any time zone; without one it is UTC.
pub fn parse(text: &str) -> Option<u64> {
    let (date, rest) = text.as_bytes().split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| date[*at] != *byte) {
        return None;
    }
    let field = |at: usize, count: usize, low: i64, high: i64| {
        number(&date[at..at + count]).filter(|value| (low..=high).contains(value))
    };
    let (year, month, day) = (
        field(0, 4, 1970, 9999)?,
        field(5, 2, 1, 12)?,
        field(8, 2, 1, 31)?,
    );
    let seconds = field(11, 2, 0, 23)? * 3_600 + field(14, 2, 0, 59)? * 60 + field(17, 2, 0, 59)?;
    let (fraction, zone) = match rest.split_first() {
        Some((b'.', rest)) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, zone) = rest.split_at(digits);
            let scaled = digits.iter().chain(b"000").take(3);
            let ms = scaled.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
            (ms, zone)
        }
        _ => (0, rest),
    };
    let minutes = match zone {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let ahead = number(&[*h1, *h2])? * 60 + number(&[*m1, *m2])?;
            if *sign == b'+' { ahead } else { -ahead }
        }
        _ => return None,
    };
    let shifted = (month + 9) % 12;
    let year = year - i64::from(month <= 2);
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1;
    let ms = (days - 719_468) * MS_A_DAY + (seconds - minutes * 60) * 1_000 + fraction;
    let unix_ms = u64::try_from(ms).ok()?;
    // A day that its month does not have comes out as one of the next.
    let (month, day) = (&date[5..7], &date[8..10]);
    let same = Date::new(unix_ms.checked_add_signed(minutes * 60_000)?);
    (&same.0[5..7] == month && &same.0[8..10] == day).then_some(unix_ms)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000+00:00"),
            (951_782_399_999, "2000-02-28T23:59:59.999+00:00"),
            (951_868_799_000, "2000-02-29T23:59:59.000+00:00"),
            (1_763_737_445_123, "2025-11-21T15:04:05.123+00:00"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000+00:00"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999+00:00"),
        ] {
            assert_eq!(Date::new(unix_ms).text(), text);
            assert_eq!(parse(text), Some(unix_ms));
        }
    }

    #[test]
    fn every_day_comes_back() {
        for day in 0..100_000 {
            let unix_ms = day * MS_A_DAY as u64 + 12_345_678;
            assert_eq!(parse(Date::new(unix_ms).text()), Some(unix_ms));
        }
    }

    #[test]
    fn zones_and_fractions_are_optional() {
        let noon = parse("2025-06-01T12:00:00").unwrap();
        assert_eq!(parse("2025-06-01T12:00:00Z"), Some(noon));
        assert_eq!(parse("2025-06-01T14:30:00+02:30"), Some(noon));
        assert_eq!(parse("2025-05-31T23:00:00.5-13:00"), Some(noon + 500));
        assert_eq!(parse("2025-06-01T12:00:00.123456"), Some(noon + 123));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2025-06-01",
            "2025-13-01T00:00:00",
            "2025-02-29T00:00:00",
            "2025-06-31T00:00:00",
            "2025-06-01 00:00:00",
            "2025-06-01T24:00:00",
            "2025-06-01T00:00:60",
            "1969-12-31T23:59:59",
            "1970-01-01T00:00:00+01:00",
            "2025-06-01T00:00:00+1",
            "2025-06-01T00:00:00.-1",
            "2025-0\u{e4}-1T00:00:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
