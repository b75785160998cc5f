//! Behaves, or breaks one limit, as its configuration value `do` says. What it breaks comes once a call; see `BEHAVIOURS`
//! in tests/firmware/probe.py.
#![no_std]

extern crate alloc;

mod pace;

use alloc::string::String;
use alloc::vec;
use core::hint::black_box;

use petiole_guest::{Handler, Level, config, digital, key_value, log, monotonic_clock, telemetry};

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
            "trap" => trap(),
            "trap-later" => trap_later(number("calls")),
            "error" => return Err(String::from("as asked")),
            "memory" => grow(),
            "stack" => drop(black_box(deep(1))),
            "handles" => open_pins(),
            "host-call-bytes" => log(Level::Info, "probe", &"x".repeat(number("bytes") as usize)),
            "messages" => (0..number("times")).for_each(|_| log(Level::Info, "probe", "again")),
            "telemetry" => return flood(number("times")),
            "key-value" => return keep(number("bytes") as usize),
            "count" => return count(),
            "sleep" => return sleep(number("millis")),
            _ if cfg!(feature = "changed") => log(Level::Warn, "changed probe", &what),
            _ => log(Level::Info, "probe", &what),
        }
        Ok(())
    }
}

fn number(key: &str) -> u32 {
    let text = config::get(key).ok().flatten().unwrap_or_default();
    text.bytes().fold(0, |number, digit| {
        number * 10 + u32::from(digit.wrapping_sub(b'0'))
    })
}

fn report(name: &str, value: u32) -> Result<(), String> {
    telemetry::send_number(name, "", f64::from(value))
        .map_err(|_| String::from("telemetry was refused"))
}

fn busy(loops: u32) {
    for at in 0..loops {
        black_box(at);
    }
}

fn sleep(millis: u32) -> Result<(), String> {
    monotonic_clock::subscribe_duration(u64::from(millis) * 1_000_000).block();
    report("slept", millis)
}

/// A function of its own, so that its name and line are in the post-mortem.
#[inline(never)]
fn trap() {
    core::arch::wasm32::unreachable()
}

fn trap_later(calls: u32) {
    static mut CALLS: u32 = 0;
    // SAFETY: a component has one thread.
    unsafe {
        CALLS += 1;
        if CALLS == calls {
            core::arch::wasm32::unreachable();
        }
    }
}

fn grow() {
    while core::arch::wasm32::memory_grow(0, 65_536) != usize::MAX {}
}

/// Calls itself without an end, and keeps nothing in linear memory.
#[inline(never)]
fn deep(level: u32) -> u32 {
    if level == u32::MAX {
        return 0;
    }
    deep(level + 1).rotate_left(level) ^ level
}

/// Opens pins and keeps them open.
fn open_pins() {
    let mut pins = vec![];
    while let Ok(pin) = digital::open_input("loop-in") {
        pins.push(pin);
    }
}

/// Sends until the host refuses.
fn flood(times: u32) -> Result<(), String> {
    let accepted =
        (0..times).take_while(|at| telemetry::send_number("flood", "", f64::from(*at)).is_ok());
    log(
        Level::Info,
        "probe",
        if accepted.count() < times as usize {
            "refused"
        } else {
            "accepted"
        },
    );
    Ok(())
}

fn notes() -> Result<key_value::Bucket, String> {
    key_value::open("notes").map_err(|_| String::from("the bucket does not open"))
}

/// Keeps values until the host refuses.
fn keep(bytes: usize) -> Result<(), String> {
    let notes = notes()?;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let kept = names
        .iter()
        .take_while(|name| notes.set(name, &vec![7; bytes]).is_ok());
    report("kept", kept.count() as u32)
}

/// Counts its calls over resets.
fn count() -> Result<(), String> {
    let notes = notes()?;
    let before = notes
        .get("calls")
        .map_err(|_| String::from("the value cannot be read"))?;
    let calls = before.map_or(0, |bytes| {
        u32::from_le_bytes(bytes.try_into().unwrap_or_default())
    }) + 1;
    notes
        .set("calls", &calls.to_le_bytes())
        .map_err(|_| String::from("the value cannot be kept"))?;
    report("calls", calls)
}

petiole_guest::component!(Probe, heap: 4096);
