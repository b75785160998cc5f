//! What is known of one workload while the board runs.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use petiole_interfaces::Limits;
use petiole_store::{Candidate, Phase, Record, Release};
use petiole_trust::{Component, Descriptor, Manifest, Probation, Trigger};

use crate::wake::Ready;

/// First and longest wait before a stopped guest is started again, milliseconds.
const RESTART_MS: (u64, u64) = (1_000, 60_000);
/// After so many good calls the next stop waits for the first time only.
const STEADY_CALLS: u64 = 10;

/// What reports say of a release.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Version for people.
    pub version: String,
    /// Sequence number.
    pub sequence: u64,
    /// Manifest digest.
    pub release: [u8; 32],
}

impl Summary {
    /// The summary of a verified release.
    pub fn new(manifest: &Manifest<'_>, descriptor: &Descriptor<'_>) -> Self {
        Self {
            version: descriptor.version().into(),
            sequence: manifest.sequence(),
            release: *manifest.release(),
        }
    }
}

/// A moment that comes again and again.
#[derive(Debug, Clone, Copy)]
struct Timer {
    interval_ms: u64,
    due_ms: u64,
}

/// A guest that runs.
pub struct Running<G> {
    /// The guest.
    pub guest: G,
    /// Good calls since it was started.
    pub calls: u64,
    /// Whether the guest can go on.
    pub ready: Arc<Ready>,
    /// Whether a call goes on.
    pub active: bool,
    timers: Vec<Timer>,
    fuel: u64,
    fuel_per_call: u64,
    fuel_refill: u64,
    refilled_ms: u64,
}

impl<G> Running<G> {
    /// A guest that was started now.
    pub fn new(
        guest: G,
        component: &Component<'_>,
        limits: &Limits,
        ready: Arc<Ready>,
        now_ms: u64,
    ) -> Self {
        let timers = component.triggers().filter_map(|trigger| match trigger {
            Trigger::Interval(interval_ms) => Some(Timer {
                interval_ms,
                due_ms: now_ms.saturating_add(interval_ms),
            }),
            _ => None,
        });
        Self {
            guest,
            calls: 0,
            ready,
            active: false,
            timers: timers.collect(),
            fuel: limits.fuel,
            fuel_per_call: limits.fuel,
            fuel_refill: limits.fuel_refill,
            refilled_ms: now_ms,
        }
    }

    /// Whether anything ever calls it.
    pub fn is_called(&self) -> bool {
        !self.timers.is_empty()
    }

    /// When it wants to be called next: not before it has the fuel for a whole call.
    pub fn next_due(&self) -> Option<u64> {
        let due = self.timers.iter().map(|timer| timer.due_ms).min()?;
        let missing = self.fuel_per_call.saturating_sub(self.fuel);
        let wait = match missing {
            0 => 0,
            _ => missing
                .saturating_mul(1_000)
                .div_ceil(self.fuel_refill.max(1)),
        };
        Some(due.max(self.refilled_ms.saturating_add(wait)))
    }

    /// Whether it is due. Moves the timers on: a run that comes late is not made up for.
    pub fn take_due(&mut self, now_ms: u64) -> bool {
        let cap = self.fuel_per_call.max(self.fuel_refill);
        let refill = (now_ms - self.refilled_ms).saturating_mul(self.fuel_refill) / 1_000;
        if refill > 0 {
            self.fuel = self.fuel.saturating_add(refill).min(cap);
            self.refilled_ms = now_ms;
        }
        if self.fuel < self.fuel_per_call {
            return false;
        }
        let mut due = false;
        for timer in self
            .timers
            .iter_mut()
            .filter(|timer| timer.due_ms <= now_ms)
        {
            due = true;
            timer.due_ms = timer.due_ms.saturating_add(timer.interval_ms);
            if timer.due_ms <= now_ms {
                timer.due_ms = now_ms.saturating_add(timer.interval_ms);
            }
        }
        due
    }

    /// Takes what a call used.
    pub fn use_fuel(&mut self, fuel: u64) {
        self.fuel = self.fuel.saturating_sub(fuel);
    }
}

/// The trial of a release on probation.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// What it has to show.
    pub terms: Probation,
    /// When it ends badly, milliseconds since the start.
    pub deadline_ms: u64,
    /// Good calls so far, since the last error.
    pub calls: u64,
    /// Errors of the handler in a row.
    pub errors: u8,
    /// Whether a round trip to the fleet was seen.
    pub confirmed: bool,
}

/// When a stopped guest is started again.
#[derive(Debug, Default)]
pub struct Restart {
    /// When; none while it runs or nothing is to run.
    pub at_ms: Option<u64>,
    delay_ms: u64,
}

impl Restart {
    /// After a stop with so many good calls before: later each time.
    pub fn schedule(&mut self, now_ms: u64, calls: u64) {
        let steady = calls >= STEADY_CALLS || self.delay_ms == 0;
        self.delay_ms = if steady {
            RESTART_MS.0
        } else {
            (self.delay_ms * 2).min(RESTART_MS.1)
        };
        self.at_ms = Some(now_ms + self.delay_ms);
    }
}

/// One workload.
pub struct Workload<G> {
    /// Its place in the store.
    pub index: u8,
    /// What the journal says.
    pub record: Record,
    /// The confirmed release.
    pub running: Option<Summary>,
    /// The release on its way.
    pub next: Option<Summary>,
    /// Code bytes of the release on its way that are there.
    pub offset: u32,
    /// The guest of the release on probation, or of the confirmed one.
    pub guest: Option<Running<G>>,
    /// The trial, while on probation.
    pub trial: Option<Trial>,
    /// When the guest is started again.
    pub restart: Restart,
    /// Why the confirmed release does not run just now; empty while it does.
    pub trouble: String,
}

impl<G> Workload<G> {
    /// A workload of which only the journal is known.
    pub fn new(index: u8, record: Record) -> Self {
        Self {
            index,
            record,
            running: None,
            next: None,
            offset: 0,
            guest: None,
            trial: None,
            restart: Restart::default(),
            trouble: String::new(),
        }
    }

    /// The release on its way, when it is on probation.
    pub fn on_probation(&self) -> Option<Release> {
        match self.record.next {
            Some(Candidate {
                release,
                phase: Phase::Probation(_),
            }) => Some(release),
            _ => None,
        }
    }

    /// State and reason, as reports have them.
    pub fn state(&self) -> (&'static str, &str) {
        match (&self.record.next, &self.record.outcome) {
            (Some(candidate), _) => (phase_name(candidate.phase), ""),
            (None, Some(outcome)) if outcome.rolled_back => ("rolled-back", &outcome.reason),
            (None, Some(outcome)) => ("failed", &outcome.reason),
            (None, None) if self.running.is_none() && !self.trouble.is_empty() => {
                ("failed", &self.trouble)
            }
            (None, None) => ("confirmed", &self.trouble),
        }
    }
}

/// The state that a phase is reported as.
pub const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Erasing(_) | Phase::Downloading => "downloading",
        Phase::Staged => "staged",
        Phase::Probation(_) => "probation",
    }
}
