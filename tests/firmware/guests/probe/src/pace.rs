//! Whether the board calls a handler in time: a probe that is called every few milliseconds and measures from call to call.

use alloc::string::String;

use petiole_guest::{monotonic_clock, telemetry};

/// How often it reports, nanoseconds.
const PERIOD: u64 = 1_000_000_000;

#[derive(Clone, Copy)]
struct Pace {
    started: u64,
    last: u64,
    calls: u32,
    longest: u64,
}

static mut PACE: Option<Pace> = None;

/// One call. Once a second it reports `calls` and the longest time between two, `gap` in seconds.
pub fn call() -> Result<(), String> {
    let now = monotonic_clock::now();
    // SAFETY: a component has one thread.
    let before = unsafe { PACE };
    let mut pace = before.unwrap_or(Pace {
        started: now,
        last: now,
        calls: 0,
        longest: 0,
    });
    pace.longest = pace.longest.max(now - pace.last);
    pace.last = now;
    if now - pace.started >= PERIOD {
        send("calls", "", f64::from(pace.calls))?;
        send("gap", "s", pace.longest as f64 / 1e9)?;
        pace = Pace {
            started: now,
            last: now,
            calls: 0,
            longest: 0,
        };
    }
    pace.calls += 1;
    // SAFETY: as above.
    unsafe { PACE = Some(pace) };
    Ok(())
}

fn send(name: &str, unit: &str, value: f64) -> Result<(), String> {
    telemetry::send_number(name, unit, value).map_err(|_| String::from("telemetry was refused"))
}
