//! One component of a workload that runs.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::task::Wake as _;
use core::cell::Cell;

use petiole_interfaces::Limits;

use crate::Call;
use crate::breaches::Breaches;
use crate::budget::Budget;
use crate::clock::Clock;
#[cfg(doc)]
use crate::schedule::NEVER;
use crate::triggers::Triggers;
use crate::wake::Ready;

/// Messages and edges that wait for one component.
pub const MOST_WAITING: usize = 8;
const NS_PER_MS: u64 = 1_000_000;

/// Whose words something is, as events name it.
#[derive(Debug)]
pub struct Origin {
    /// The workload.
    pub workload: String,
    /// The release's version for people.
    pub version: String,
    /// The component.
    pub component: String,
}

/// What a guest is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// A call that ends.
    Call,
    /// A service.
    Service,
}

/// What a member could do with a slice of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Begin a run that time asked for, at this time in milliseconds.
    Late(u64),
    /// Begin another call, or go on.
    Slice,
}

/// A component that runs.
pub struct Member<G> {
    /// Who it is.
    pub origin: Rc<Origin>,
    /// Its guest.
    pub guest: G,
    /// Whether the guest can go on.
    pub ready: Arc<Ready>,
    /// Whether an input may have changed.
    pub inputs: Arc<Ready>,
    /// When the guest asked to be polled again, nanoseconds; [`u64::MAX`] for never.
    pub alarm: Rc<Cell<u64>>,
    /// Its limits.
    pub limits: Limits,
    /// What makes it run.
    pub triggers: Triggers,
    /// The call that goes on.
    pub active: Option<Active>,
    /// The fuel it may use.
    pub budget: Budget,
    /// Fuel that it had used when its call began.
    pub fuel_before: u64,
    /// Good calls since it was started.
    pub calls: u64,
    /// Good calls since the last error.
    pub good: u64,
    /// Errors in a row.
    pub errors: u8,
    /// Slices of time it got.
    pub slices: u32,
    /// The longest time from when a timer came due to the begin of its run, milliseconds.
    pub latest_ms: u64,
    /// Breaches of its limits that were told.
    pub breaches: Breaches,
    /// Fuel since it was loaded that was taken from the budget.
    charged: u64,
    waiting: VecDeque<Call>,
    dropped: u32,
}

impl<G> Member<G> {
    /// A component that was loaded now.
    pub fn new(
        guest: G,
        origin: Rc<Origin>,
        alarm: Rc<Cell<u64>>,
        limits: Limits,
        triggers: Triggers,
        (ready, inputs): (Arc<Ready>, Arc<Ready>),
        now_ms: u64,
    ) -> Self {
        Self {
            origin,
            guest,
            ready,
            inputs,
            alarm,
            budget: Budget::new(&limits, now_ms),
            limits,
            triggers,
            active: None,
            fuel_before: 0,
            charged: 0,
            calls: 0,
            good: 0,
            errors: 0,
            slices: 0,
            latest_ms: 0,
            breaches: Breaches::default(),
            waiting: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Whether the component did what a trial wants, `run_ms` after its start. `service_ms`: how long a service has to run.
    pub fn is_healthy(&self, calls: u64, run_ms: u64, service_ms: u64) -> bool {
        let served = !self.triggers.service || run_ms >= service_ms;
        let called = !self.triggers.is_timed() || self.good >= calls;
        served && called && !self.triggers.starting
    }

    /// Keeps a call for later. False when too many wait: the newest is dropped and counted.
    pub fn push(&mut self, call: Call) -> bool {
        let fits = self.waiting.len() < MOST_WAITING;
        if fits {
            self.waiting.push_back(call);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
        fits
    }

    /// Calls that were dropped since this was asked last.
    pub fn take_dropped(&mut self) -> u32 {
        core::mem::take(&mut self.dropped)
    }

    /// Brings triggers, alarm and fuel up to now. True: see [`Triggers::tick`].
    pub fn tick(&mut self, now_ms: u64, now_ns: u64, clock: &Clock) -> bool {
        if self.alarm.get() <= now_ns {
            self.alarm.set(u64::MAX);
            self.ready.wake_by_ref();
        }
        self.budget.fill(now_ms);
        self.triggers.tick(now_ms, clock)
    }

    /// What it could do now. Whether only fuel keeps it from that is what [`Member::is_held`] says.
    pub fn want(&self, now_ms: u64) -> Option<Want> {
        let want = self.want_with_fuel()?;
        (self.fuel_at() <= now_ms).then_some(want)
    }

    /// Whether it would do something, if it had the fuel.
    pub fn is_held(&self, now_ms: u64) -> bool {
        self.want_with_fuel().is_some() && self.fuel_at() > now_ms
    }

    fn want_with_fuel(&self) -> Option<Want> {
        match (self.active, self.triggers.wanted()) {
            // It was never polled: whoever waits for its exports is served from there on.
            (None, _) if self.slices == 0 => Some(Want::Slice),
            (None, Some(since)) => Some(Want::Late(since)),
            (None, None) if !self.waiting.is_empty() || self.triggers.service => Some(Want::Slice),
            _ => self.ready.get().then_some(Want::Slice),
        }
    }

    /// Whether the next slice begins a call which has a fuel limit.
    fn begins_call(&self) -> bool {
        self.active.is_none()
            && self.slices > 0
            && (self.triggers.wanted().is_some() || !self.waiting.is_empty())
    }

    /// When it has the fuel for its next slice, milliseconds since the start.
    fn fuel_at(&self) -> u64 {
        if self.begins_call() {
            self.budget.call_at()
        } else {
            self.budget.go_on_at()
        }
    }

    /// The next call, when none goes on and one is wanted.
    pub fn take_call(&mut self, now_ms: u64) -> Option<Call> {
        if self.active.is_some() || self.slices == 0 {
            return None;
        }
        let call = if let Some(since) = self.triggers.take_wanted() {
            self.latest_ms = self.latest_ms.max(now_ms.saturating_sub(since));
            self.active = Some(Active::Call);
            Call::Run
        } else if self.triggers.service {
            self.active = Some(Active::Service);
            Call::Service
        } else {
            let call = self.waiting.pop_front()?;
            self.active = Some(Active::Call);
            call
        };
        Some(call)
    }

    /// Takes from the budget what it has used since; `used`: since it was loaded. What was charged for a slice that it did not use up
    /// comes back.
    pub fn charge(&mut self, used: u64) {
        self.budget.take(used.saturating_sub(self.charged));
        self.budget.give(self.charged.saturating_sub(used));
        self.charged = used;
    }

    /// When it wants to be looked at again, milliseconds since the start; [`NEVER`] while nothing is to come.
    pub fn next_due(&self, now_ms: u64, clock: &Clock) -> u64 {
        if !self.triggers.edges.is_empty() && self.inputs.get() {
            return 0;
        }
        let mut due = self.triggers.next_due(now_ms, clock);
        let alarm_ns = self.alarm.get();
        if alarm_ns != u64::MAX {
            due = due.min(alarm_ns.div_ceil(NS_PER_MS));
        }
        if self.want_with_fuel().is_some() {
            due = due.min(self.fuel_at());
        }
        due
    }
}
