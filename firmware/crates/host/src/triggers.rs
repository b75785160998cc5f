//! What makes one component run (formats reference, section 5).

use alloc::string::String;
use alloc::vec::Vec;

use petiole_interfaces::gpio::Edges;
use petiole_interfaces::messages::matches;
use petiole_trust::{Component, Edge, Refusal, Trigger};

use crate::clock::Clock;
use crate::cron::Cron;
use crate::error::Refused;
use crate::schedule::NEVER;

/// A moment that comes again and again.
#[derive(Debug)]
struct Timer {
    interval_ms: u64,
    due_ms: u64,
}

/// The times of a calendar expression.
#[derive(Debug)]
struct Calendar {
    cron: Cron,
    /// The next one, milliseconds since 1970, [`NEVER`] if none comes; and the time at which that was worked out.
    next: Option<(u64, u64)>,
}

/// An input whose changes count.
#[derive(Debug)]
pub struct Watched {
    /// The input.
    pub label: String,
    /// The changes that count.
    pub edge: Edge,
    /// The changes that were there already.
    pub seen: Edges,
}

/// The triggers of a component that runs.
#[derive(Debug, Default)]
pub struct Triggers {
    timers: Vec<Timer>,
    calendars: Vec<Calendar>,
    filters: Vec<String>,
    /// Inputs whose changes count.
    pub edges: Vec<Watched>,
    /// Since when its handler is to be run, milliseconds.
    wanted_ms: Option<u64>,
    /// Whether it is a service.
    pub service: bool,
    /// Whether it is to run at the start, and no run has ended well yet.
    pub starting: bool,
    told_unset: bool,
}

impl Triggers {
    /// The triggers of a component that is started now.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what is no calendar expression, [`Refusal::Unsupported`] for a time zone and for a service that has
    /// other triggers.
    pub fn new(component: &Component<'_>, now_ms: u64) -> Result<Self, Refused> {
        let mut triggers = Self::default();
        for trigger in component.triggers() {
            match trigger {
                Trigger::Interval(interval_ms) => triggers.timers.push(Timer {
                    interval_ms,
                    due_ms: now_ms.saturating_add(interval_ms),
                }),
                Trigger::Calendar { cron, zone } => triggers.calendars.push(calendar(cron, zone)?),
                Trigger::Edge { label, edge } => triggers.edges.push(Watched {
                    label: label.into(),
                    edge,
                    seen: Edges::default(),
                }),
                Trigger::Message(filter) => triggers.filters.push(filter.into()),
                Trigger::Start => {
                    triggers.starting = true;
                    triggers.wanted_ms = Some(now_ms);
                }
                Trigger::Service => triggers.service = true,
            }
        }
        if triggers.service && component.triggers().count() > 1 {
            return Err(Refused::new(
                Refusal::Unsupported,
                "a service has no other triggers: its instance is never free for them",
            ));
        }
        Ok(triggers)
    }

    /// Whether time alone makes it run.
    pub fn is_timed(&self) -> bool {
        !self.timers.is_empty()
    }

    /// Whether a message of this subject is for it.
    pub fn takes(&self, subject: &str) -> bool {
        self.filters.iter().any(|filter| matches(filter, subject))
    }

    /// Notes what is due. A run that comes late is not made up for. True when a calendar cannot be followed because the clock
    /// is not set, once.
    pub fn tick(&mut self, now_ms: u64, clock: &Clock) -> bool {
        for timer in &mut self.timers {
            if timer.due_ms <= now_ms {
                self.wanted_ms.get_or_insert(timer.due_ms);
                timer.due_ms = timer.due_ms.saturating_add(timer.interval_ms);
                if timer.due_ms <= now_ms {
                    timer.due_ms = now_ms.saturating_add(timer.interval_ms);
                }
            }
        }
        if self.calendars.is_empty() {
            return false;
        }
        let Some(unix_ms) = clock.unix_ms(now_ms) else {
            return !core::mem::replace(&mut self.told_unset, true);
        };
        for Calendar { cron, next } in &mut self.calendars {
            match *next {
                Some((time, _)) if time <= unix_ms => {
                    self.wanted_ms.get_or_insert(now_ms);
                    *next = None;
                }
                // The clock was set back since.
                Some((_, seen)) if unix_ms < seen => *next = None,
                _ => {}
            }
            if next.is_none() {
                let time = cron.next_after(unix_ms / 1_000);
                *next = Some((time.map_or(NEVER, |time| time * 1_000), unix_ms));
            }
        }
        false
    }

    /// Since when the handler is to be run, milliseconds since the start.
    pub fn wanted(&self) -> Option<u64> {
        self.wanted_ms
    }

    /// Takes what [`Triggers::wanted`] says.
    pub fn take_wanted(&mut self) -> Option<u64> {
        self.wanted_ms.take()
    }

    /// When [`Triggers::tick`] has something to note, milliseconds since the start; [`NEVER`] when that is not known.
    pub fn next_due(&self, now_ms: u64, clock: &Clock) -> u64 {
        let mut due = NEVER;
        for timer in &self.timers {
            due = due.min(timer.due_ms);
        }
        if let Some(unix_ms) = clock.unix_ms(now_ms) {
            for calendar in &self.calendars {
                let time = calendar.next.map_or(0, |(time, _)| time);
                due = due.min(now_ms.saturating_add(time.saturating_sub(unix_ms)));
            }
        }
        due
    }
}

fn calendar(text: &str, zone: Option<&str>) -> Result<Calendar, Refused> {
    if zone.is_some_and(|zone| zone != "UTC") {
        return Err(Refused::new(
            Refusal::Unsupported,
            "boards know no time zone but UTC",
        ));
    }
    match Cron::parse(text) {
        Some(cron) => Ok(Calendar { cron, next: None }),
        None => {
            let detail = ["calendar ", text].concat();
            Err(Refused::about(Refusal::Malformed, detail))
        }
    }
}
