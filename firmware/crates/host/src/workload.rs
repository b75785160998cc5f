//! What is known of one workload while the board runs.

use alloc::string::String;
use alloc::vec::Vec;

use petiole_store::{Candidate, Phase, Record, Release};
use petiole_trust::{Descriptor, Manifest, Probation};

use crate::member::{Active, Member};
use crate::schedule::NEVER;

/// First and longest wait before stopped guests are started again, milliseconds.
const RESTART_MS: (u64, u64) = (1_000, 60_000);
/// After running so long, milliseconds, a stop counts as the first one.
const STEADY_MS: u64 = 60_000;
/// Stops in a row after which a workload is left alone.
const MOST_STOPS: u8 = 8;

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

/// The trial of a release on probation.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// What it has to show.
    pub terms: Probation,
    /// When it ends badly, milliseconds since the start.
    pub deadline_ms: u64,
    /// Whether a round trip to the fleet was seen.
    pub confirmed: bool,
}

impl Trial {
    /// How long a service has to run, milliseconds: a tenth of the trial.
    pub const fn service_ms(&self) -> u64 {
        self.terms.seconds.saturating_mul(100)
    }
}

/// When stopped guests are started again.
#[derive(Debug, Default)]
pub struct Restart {
    /// When; none while they run or nothing is to run.
    pub at_ms: Option<u64>,
    delay_ms: u64,
    stops: u8,
}

impl Restart {
    /// After a stop that came `run_ms` after the start: later each time. False when it stopped too often.
    pub fn schedule(&mut self, now_ms: u64, run_ms: u64) -> bool {
        if run_ms >= STEADY_MS {
            *self = Self::default();
        }
        self.stops += 1;
        if self.stops >= MOST_STOPS {
            *self = Self::default();
            return false;
        }
        self.delay_ms = (self.delay_ms * 2).clamp(RESTART_MS.0, RESTART_MS.1);
        self.at_ms = Some(now_ms + self.delay_ms);
        true
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
    /// The components that run, of the release on probation or of the confirmed one. Providers come before consumers.
    pub members: Vec<Member<G>>,
    /// When they were started, milliseconds since the start of the board.
    pub started_ms: u64,
    /// The trial, while on probation.
    pub trial: Option<Trial>,
    /// When the guests are started again.
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
            members: Vec::new(),
            started_ms: 0,
            trial: None,
            restart: Restart::default(),
            trouble: String::new(),
        }
    }

    /// Ends all components, consumers before providers.
    pub fn stop(&mut self) {
        while self.members.pop().is_some() {}
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

    /// Whether the components of the release on trial did what they have to show.
    pub fn is_healthy(&self, trial: &Trial, now_ms: u64) -> bool {
        let run_ms = now_ms.saturating_sub(self.started_ms);
        self.members
            .iter()
            .all(|member| member.is_healthy(trial.terms.calls, run_ms, trial.service_ms()))
    }

    /// When a trial may end without a call that does it, milliseconds since the start: late, or because a service has run for long
    /// enough. [`NEVER`] without a trial.
    pub fn trial_due(&self, now_ms: u64) -> u64 {
        let Some(trial) = &self.trial else {
            return NEVER;
        };
        let served = self.started_ms.saturating_add(trial.service_ms());
        let serves = |member: &Member<G>| member.active == Some(Active::Service);
        if now_ms < served && self.members.iter().any(serves) {
            served.min(trial.deadline_ms)
        } else {
            trial.deadline_ms
        }
    }

    /// Good calls of all components since the start.
    pub fn calls(&self) -> u64 {
        self.members.iter().map(|member| member.calls).sum()
    }

    /// State and reason, as reports have them.
    pub fn state(&self) -> (&'static str, &str) {
        let record = &self.record;
        match (&record.next, &record.stopped, &record.outcome) {
            (Some(candidate), ..) => (phase_name(candidate.phase), ""),
            (None, Some(reason), _) => ("failed", reason),
            (None, None, Some(outcome)) if outcome.rolled_back => ("rolled-back", &outcome.reason),
            (None, None, Some(outcome)) => ("failed", &outcome.reason),
            (None, None, None) if self.running.is_none() && !self.trouble.is_empty() => {
                ("failed", &self.trouble)
            }
            (None, None, None) => ("confirmed", &self.trouble),
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
