//! Parts of answers.

use petiole_cbor::Writer;
use petiole_interfaces::{Limits, Wall};

use crate::workload::Workload;

/// The highest limits that a component can have, by the names that refusals and events have.
pub fn limits(limits: &Limits, out: &mut Writer<'_>) {
    let small = [
        ("memory", limits.memory),
        ("stack", limits.stack),
        ("host-call-bytes", limits.host_call_bytes),
        ("handles", limits.handles),
        ("messages-per-second", limits.messages),
        ("telemetry-bytes-per-hour", limits.telemetry),
        ("key-value-bytes", limits.key_value),
    ];
    out.map(2 + small.len())
        .text("fuel-per-call")
        .unsigned(limits.fuel)
        .text("fuel-per-second")
        .unsigned(limits.fuel_refill);
    for (name, value) in small {
        out.text(name).unsigned(u64::from(value));
    }
}

/// The time of day: milliseconds since 1970, how wrong it may be and since when it is known.
pub fn wall(wall: Option<Wall>, out: &mut Writer<'_>) {
    match wall {
        Some(wall) => {
            out.map(3);
            for (name, ns) in [
                ("unix", wall.unix_ns),
                ("unc", wall.uncertainty_ns),
                ("age", wall.age_ns),
            ] {
                out.text(name).unsigned(ns / 1_000_000);
            }
        }
        None => _ = out.null(),
    }
}

/// The state of a workload.
pub fn state(name: &str, out: &mut Writer<'_>) {
    out.map(1).text("state").text(name);
}

/// The offset wanted next, and whether the release is staged.
pub fn taken((next, staged): (u32, bool), out: &mut Writer<'_>) {
    out.map(if staged { 2 } else { 1 })
        .text("off")
        .unsigned(u64::from(next));
    if staged {
        out.text("state").text("staged");
    }
}

/// One entry of the list of workloads: the release on its way or the last that ended, else the one that runs.
pub fn row<G>(workload: &Workload<G>, out: &mut Writer<'_>) {
    let record = &workload.record;
    let running = workload
        .running
        .as_ref()
        .map(|summary| (&*summary.version, summary.sequence, &summary.release));
    let next = workload
        .next
        .as_ref()
        .map(|summary| (&*summary.version, summary.sequence, &summary.release));
    let outcome = record
        .outcome
        .as_ref()
        .map(|outcome| (&*outcome.version, outcome.sequence, &outcome.release));
    let shown = if record.next.is_some() {
        next
    } else {
        outcome.or(running)
    };
    let (version, sequence, release) = shown.unwrap_or(("", record.accepted.0, &record.accepted.1));
    let (state, reason) = workload.state();
    let in_use = record
        .next
        .map(|candidate| candidate.release)
        .or(record.running);
    let size = in_use.map_or(0, |release| release.code);
    let offset = if record.next.is_some() {
        workload.offset
    } else {
        size
    };
    out.map(10)
        .text("name")
        .text(&record.name)
        .text("version")
        .text(version);
    out.text("seq")
        .unsigned(sequence)
        .text("release")
        .bytes(release);
    out.text("state").text(state).text("reason").text(reason);
    out.text("off")
        .unsigned(u64::from(offset))
        .text("size")
        .unsigned(u64::from(size))
        .text("previous");
    match running.filter(|_| record.next.is_some() || record.outcome.is_some()) {
        Some((version, ..)) => out.text(version),
        None => out.null(),
    };
    out.text("calls").unsigned(workload.calls());
}
