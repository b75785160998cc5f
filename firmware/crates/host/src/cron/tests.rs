use super::{Cron, month_and_day};

/// 2026-11-21T14:30:05Z, a Saturday.
const NOW: u64 = 1_795_271_405;

fn after(text: &str, unix: u64) -> Option<u64> {
    Cron::parse(text).unwrap().next_after(unix)
}

#[test]
fn days_are_those_of_the_calendar() {
    assert_eq!(month_and_day(0), (1, 1));
    assert_eq!(month_and_day((NOW / 86_400) as u32), (11, 21));
    // 2024-02-29 and the day after it.
    assert_eq!(month_and_day(19_782), (2, 29));
    assert_eq!(month_and_day(19_783), (3, 1));
}

#[test]
fn the_next_time_is_after_now_and_never_now() {
    for (text, seconds) in [
        ("* * * * *", 55),
        ("* * * * * *", 1),
        ("30 * * * *", 3_595),
        ("5 30 14 * * *", 86_400),
        ("6 30 14 * * *", 1),
        ("*/15 * * * *", 895),
        ("0-10/5 * * * * *", 5),
        ("0 0 * * *", 34_195),
        ("0 12 * * 1", 163_795),
        ("0 12 * * 0", 77_395),
        ("0 12 * * 7", 77_395),
        ("0 12 1 * *", 854_995),
        ("0,31 * * * *", 55),
    ] {
        assert_eq!(after(text, NOW), Some(NOW + seconds), "{text}");
    }
}

#[test]
fn either_day_fits_when_both_are_narrowed() {
    // Sunday the 22nd comes before the 25th.
    assert_eq!(after("0 0 25 * 0", NOW), Some(NOW + 34_195));
    // Steps over all days do not narrow.
    assert_eq!(after("0 0 22 * */2", NOW), Some(NOW + 34_195));
}

#[test]
fn leap_days_come_and_impossible_days_do_not() {
    let leap = after("0 0 29 2 *", NOW).unwrap();
    assert_eq!(month_and_day((leap / 86_400) as u32), (2, 29));
    assert_eq!(after("0 0 31 2 *", NOW), None);
    assert_eq!(after("* * * * *", u64::MAX), None);
}

#[test]
fn what_is_no_expression_is_not_read() {
    for text in [
        "",
        "*",
        "* * * *",
        "* * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/99 * * * *",
        "a * * * *",
        "1, * * * *",
        "+1 * * * *",
        "*  * * * *",
        "100 * * * *",
    ] {
        assert_eq!(Cron::parse(text), None, "{text:?}");
    }
}
