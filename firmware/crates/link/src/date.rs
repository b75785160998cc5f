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

/// Where the fields of a date stand, how long they are, and the least and most of each.
const FIELDS: [(u8, u8, u16, u16); 6] = [
    (0, 4, 1970, 9999),
    (5, 2, 1, 12),
    (8, 2, 1, 31),
    (11, 2, 0, 23),
    (14, 2, 0, 59),
    (17, 2, 0, 59),
];

/// Milliseconds since 1970 of a date from then to 9999, in any time zone; without one it is UTC.
pub fn parse(text: &str) -> Option<u64> {
    let (date, mut zone) = text.as_bytes().split_at_checked(19)?;
    if !has_shape(date, b"0000-00-00T00:00:00") {
        return None;
    }
    let mut values = [0; 6];
    for (value, (at, count, least, most)) in values.iter_mut().zip(FIELDS) {
        *value = number(&date[usize::from(at)..][..usize::from(count)]);
        if *value < i32::from(least) || *value > i32::from(most) {
            return None;
        }
    }
    let [year, month, day, hour, minute, second] = values;
    let mut ms = 0;
    if let [b'.', rest @ ..] = zone {
        zone = rest;
        let mut scale = 100;
        while let [digit @ b'0'..=b'9', rest @ ..] = zone {
            ms += i32::from(digit - b'0') * scale;
            scale /= 10;
            zone = rest;
        }
    }
    let mut ahead = 0;
    if let [sign @ (b'+' | b'-'), rest @ ..] = zone {
        if !has_shape(rest, b"00:00") {
            return None;
        }
        ahead = number(&rest[..2]) * 60 + number(&rest[3..]);
        if *sign == b'-' {
            ahead = -ahead;
        }
    } else if !matches!(zone, [] | [b'Z']) {
        return None;
    }
    let shifted = (month + 9) % 12;
    let year = year - i32::from(month <= 2);
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1;
    let seconds = hour * 3_600 + minute * 60 + second;
    let local_ms = i64::from(days - 719_468) * MS_A_DAY + i64::from(seconds * 1_000 + ms);
    let unix_ms = u64::try_from(local_ms - i64::from(ahead) * 60_000).ok()?;
    // A day that its month does not have comes out as one of the next.
    let same = Date::new(local_ms as u64);
    (same.0[5..10] == date[5..10]).then_some(unix_ms)
}

/// Whether digits stand where the shape has zeros, and else the same.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
}

/// The number of decimal digits.
fn number(digits: &[u8]) -> i32 {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i32::from(digit - b'0');
    }
    value
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
