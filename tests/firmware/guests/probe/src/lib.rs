//! Behaves, or breaks one limit, as its configuration value `do` says. What it breaks comes once a call; see `BEHAVIOURS`
//! in tests/firmware/probe.py.
#![no_std]

extern crate alloc;

mod pace;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use core::hint::black_box;

use petiole_guest::{Handler, Level, config, digital, key_value, log, telemetry};

struct Probe;

impl Handler for Probe {
    fn run() -> Result<(), String> {
        let what = config::get("do").ok().flatten().unwrap_or_default();
        match what.as_str() {
            "pace" => return pace::call(),
            "busy" => busy(number("loops")),
            "forever" => loop {
                black_box(0);
            },
            "trap" => panic!(),
            "trap-later" => trap_later(number("calls")),
            "error" => return Err("as asked".to_string()),
            "memory" => grow(),
            "stack" => drop(black_box(deep(1))),
            "handles" => return open_pins(),
            "host-call-bytes" => log(Level::Info, "probe", &"x".repeat(number("bytes") as usize)),
            "messages" => {
                (0..number("times")).for_each(|at| log(Level::Info, "probe", &at.to_string()))
            }
            "telemetry" => return measure(number("times")),
            "key-value" => return keep(number("bytes") as usize),
            "count" => return count(),
            _ => log(Level::Info, "probe", &what),
        }
        Ok(())
    }
}

fn number(key: &str) -> u32 {
    let text = config::get(key).ok().flatten().unwrap_or_default();
    text.parse().unwrap_or(0)
}

fn busy(loops: u32) {
    for at in 0..loops {
        black_box(at);
    }
}

fn trap_later(calls: u32) {
    static mut CALLS: u32 = 0;
    // SAFETY: a component has one thread.
    unsafe {
        CALLS += 1;
        assert!(CALLS < calls);
    }
}

fn grow() {
    while core::arch::wasm32::memory_grow(0, 65_536) != usize::MAX {}
}

fn deep(level: u32) -> u32 {
    let here = black_box([level; 16]);
    deep(level + 1) + here[0]
}

fn open_pins() -> Result<(), String> {
    let mut pins = vec![];
    loop {
        let pin = digital::open_input("loop-in");
        pins.push(pin.map_err(|_| format!("refused after {}", pins.len()))?);
    }
}

fn measure(times: u32) -> Result<(), String> {
    for at in 0..times {
        telemetry::send_number("flood", "", f64::from(at))
            .map_err(|error| format!("{error:?} after {at}"))?;
    }
    Ok(())
}

fn keep(bytes: usize) -> Result<(), String> {
    let bucket = key_value::open("notes").map_err(|_| "does not open".to_string())?;
    for at in 0..u32::MAX {
        let kept = bucket.set(&at.to_string(), &vec![at as u8; bytes]);
        kept.map_err(|_| format!("refused after {at}"))?;
    }
    Ok(())
}

/// Counts its calls over resets.
fn count() -> Result<(), String> {
    let bucket = key_value::open("notes").map_err(|_| "does not open".to_string())?;
    let before = bucket
        .get("calls")
        .map_err(|_| "cannot be read".to_string())?;
    let calls = before.map_or(0, |bytes| {
        u32::from_le_bytes(bytes.try_into().unwrap_or_default())
    }) + 1;
    bucket
        .set("calls", &calls.to_le_bytes())
        .map_err(|_| "cannot be kept".to_string())?;
    telemetry::send_number("calls", "", f64::from(calls))
        .map_err(|_| "telemetry was refused".to_string())
}

petiole_guest::component!(Probe, heap: 4096);
