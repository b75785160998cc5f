//! What becomes of a workload when one of its components stops.

use alloc::string::String;

use petiole_store::MappedFlash;

use crate::events::{Field, encode};
use crate::manager::Manager;
use crate::member::{Active, Member};
use crate::postmortem::{FIELDS, PostMortem, reason};
use crate::{GuestRunner, Run, Stop, StopKind};

/// Errors of the handler in a row that end a trial.
const TRIAL_ERRORS: u8 = 3;

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// A call ended by itself.
    pub(crate) fn ended(&mut self, at: usize, number: usize, run: Run) {
        let member = &mut self.workloads[at].members[number];
        if member.active.take() == Some(Active::Service) {
            let message = run
                .error
                .unwrap_or_else(|| String::from("the service ended"));
            let usage = self.runner.usage(&member.guest);
            let stop = Stop {
                kind: StopKind::Error,
                message,
                function: None,
                pc: None,
                usage,
            };
            self.stopped(at, number, &stop);
            return;
        }
        match run.error {
            None => {
                member.calls += 1;
                (member.good, member.errors) = (member.good + 1, 0);
                member.triggers.starting = false;
                self.confirm_if_proven(at);
            }
            Some(message) => self.handler_failed(at, number, &message),
        }
    }

    /// The handler returned an error: the guest goes on, but a trial does not suffer many of them.
    fn handler_failed(&mut self, at: usize, number: usize, message: &str) {
        let reason = ["error: ", message].concat();
        let workload = &mut self.workloads[at];
        let member = &mut workload.members[number];
        (member.good, member.errors) = (0, member.errors.saturating_add(1));
        let errors = member.errors;
        self.shared.emit(
            "log",
            &[
                ("wl", Field::Text(&member.origin.workload)),
                ("ver", Field::Text(&member.origin.version)),
                ("msg", Field::Text(&reason)),
                ("lvl", Field::Unsigned(4)),
                ("ctx", Field::Text("handler")),
            ],
        );
        if workload.trial.is_some() && errors >= TRIAL_ERRORS {
            self.roll_back(at, reason);
        }
    }

    /// A component stopped, and with it its workload: back to the release before, or the same again after a while.
    pub(crate) fn stopped(&mut self, at: usize, number: usize, stop: &Stop) {
        let reason = reason(stop);
        self.tell_stop(at, number, stop, &reason);
        if self.workloads[at].trial.is_some() {
            self.roll_back(at, reason);
            return;
        }
        let now_ms = self.shared.now_ms();
        let workload = &mut self.workloads[at];
        workload.stop();
        let run_ms = now_ms.saturating_sub(workload.started_ms);
        self.schedule_restart(at, run_ms, reason);
    }

    /// Starts the confirmed release again later, unless it has stopped too often.
    pub(crate) fn schedule_restart(&mut self, at: usize, run_ms: u64, reason: String) {
        let now_ms = self.shared.now_ms();
        let workload = &mut self.workloads[at];
        let goes_on = workload.restart.schedule(now_ms, run_ms);
        if goes_on {
            workload.trouble = reason;
        } else {
            workload.trouble.clear();
            workload.record.stopped = Some(reason);
            let saved = self.save(at);
            self.note_result(saved);
        }
        self.emit_state(at);
    }

    fn tell_stop(&mut self, at: usize, number: usize, stop: &Stop, reason: &str) {
        self.shared.stops.update(|count| count.wrapping_add(1));
        let workload = &self.workloads[at];
        let member = &workload.members[number];
        if let Some((limit, value)) = limit_of(stop.kind, member) {
            self.shared.emit_limit(&member.origin, limit, value);
        }
        let summary = match workload.trial {
            Some(_) => &workload.next,
            None => &workload.running,
        };
        let post_mortem = PostMortem {
            origin: &member.origin,
            release: summary.as_ref().map_or(&[0; 32], |known| &known.release),
            reason,
            stop,
            fuel: stop.usage.fuel.saturating_sub(member.fuel_before),
            at_ms: self.shared.now_ms(),
        };
        let fields = encode(&post_mortem.fields());
        let at_ms = post_mortem.at_ms;
        let kept = self.store().add_crash(&fields);
        match kept {
            Ok(number) => {
                let mut events = self.shared.events.borrow_mut();
                events.push_crash(at_ms, number, FIELDS, &fields);
            }
            Err(error) => self.note_result(Err(error.into())),
        }
    }

    /// Tells of every stop that nobody has acknowledged, also of those before the last reset.
    pub(crate) fn tell_stops(&mut self) {
        let now_ms = self.shared.now_ms();
        let store = self.store();
        let mut events = self.shared.events.borrow_mut();
        for (number, fields) in store.crashes() {
            events.push_crash(now_ms, number, FIELDS, fields);
        }
    }

    /// Forgets stops that somebody has heard of.
    pub(crate) fn forget_stops(&mut self, numbers: &[u32]) {
        for number in numbers {
            let forgotten = self.store().forget_crash(*number);
            self.note_result(forgotten.map_err(Into::into));
        }
    }
}

/// The limit that a stop of this kind broke, and its value.
fn limit_of<G>(kind: StopKind, member: &Member<G>) -> Option<(&'static str, u64)> {
    let limits = &member.limits;
    Some(match kind {
        StopKind::Fuel => ("fuel-per-call", limits.fuel),
        StopKind::Memory => ("memory", u64::from(limits.memory)),
        StopKind::Limit(name) => {
            let value = match name {
                "handles" => limits.handles,
                "host-call-bytes" => limits.host_call_bytes,
                "stack" => limits.stack,
                _ => 0,
            };
            (name, u64::from(value))
        }
        StopKind::Trap | StopKind::Error => return None,
    })
}
