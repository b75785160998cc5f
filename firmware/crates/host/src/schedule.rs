//! Time: guest calls, restarts, trials.

use alloc::string::String;
use alloc::task::Wake as _;
use core::task::{Context, Poll};

use petiole_store::MappedFlash;

use crate::events::Field;
use crate::manager::Manager;
use crate::workload::Workload;
use crate::{Call, GuestRunner, Run, Stop, StopKind};

/// Errors of the handler in a row that end a trial.
const TRIAL_ERRORS: u8 = 3;

impl<F: MappedFlash, R: GuestRunner> Manager<F, R> {
    /// Does what is due, with at most one guest call.
    pub fn work(&mut self) {
        let now_ms = self.shared.now_ms();
        for at in 0..self.workloads.len() {
            self.end_late_trial(at, now_ms);
            if self.workloads[at]
                .restart
                .at_ms
                .is_some_and(|time| time <= now_ms)
            {
                self.workloads[at].restart.at_ms = None;
                self.start_running(at);
            }
        }
        for _ in 0..self.workloads.len() {
            self.turn = (self.turn + 1) % self.workloads.len();
            let Some(running) = &mut self.workloads[self.turn].guest else {
                continue;
            };
            if !running.active && running.take_due(now_ms) {
                running.active = true;
                self.runner.begin(&mut running.guest, Call::Run);
                running.ready.wake_by_ref();
            }
            if running.ready.get() {
                self.poll_guest(self.turn);
                return;
            }
        }
    }

    /// When [`Manager::work`] has something to do again, milliseconds since the start.
    pub fn next_due(&self) -> Option<u64> {
        let of_workload = |workload: &Workload<R::Guest>| {
            let call = workload.guest.as_ref().and_then(|running| {
                if running.ready.get() {
                    Some(0)
                } else {
                    running.next_due().filter(|_| !running.active)
                }
            });
            let trial = workload.trial.map(|trial| trial.deadline_ms);
            [call, trial, workload.restart.at_ms]
                .into_iter()
                .flatten()
                .min()
        };
        self.workloads.iter().filter_map(of_workload).min()
    }

    fn poll_guest(&mut self, at: usize) {
        let workload = &mut self.workloads[at];
        let Some(running) = &mut workload.guest else {
            return;
        };
        running.ready.clear();
        let waker = running.ready.waker();
        let Poll::Ready(result) = self
            .runner
            .poll(&mut running.guest, &mut Context::from_waker(&waker))
        else {
            return;
        };
        running.active = false;
        match result {
            Ok(Run { fuel, error: None }) => {
                running.use_fuel(fuel);
                running.calls += 1;
                if let Some(trial) = &mut workload.trial {
                    (trial.calls, trial.errors) = (trial.calls + 1, 0);
                    self.confirm_if_proven(at);
                }
            }
            Ok(Run {
                fuel,
                error: Some(message),
            }) => {
                running.use_fuel(fuel);
                self.handler_failed(at, &message);
            }
            Err(stop) => self.stopped(at, &stop),
        }
    }

    /// The handler returned an error: the guest goes on, but a trial does not suffer many of them.
    fn handler_failed(&mut self, at: usize, message: &str) {
        let reason = ["error: ", message].concat();
        self.emit_stop(at, "log", &reason);
        let Some(trial) = &mut self.workloads[at].trial else {
            return;
        };
        (trial.calls, trial.errors) = (0, trial.errors + 1);
        if trial.errors >= TRIAL_ERRORS {
            self.roll_back(at, reason);
        }
    }

    fn stopped(&mut self, at: usize, stop: &Stop) {
        let reason = [stop.kind.label(), ": ", &stop.message].concat();
        let limit = matches!(
            stop.kind,
            StopKind::Fuel | StopKind::Memory | StopKind::Limit(_)
        );
        self.emit_stop(at, if limit { "limit" } else { "trap" }, &reason);
        self.end_guest(at, reason);
    }

    /// The guest cannot go on: back to the release before, or the same again after a while.
    fn end_guest(&mut self, at: usize, reason: String) {
        if self.workloads[at].trial.is_some() {
            self.roll_back(at, reason);
            return;
        }
        let now_ms = self.shared.now_ms();
        let workload = &mut self.workloads[at];
        let calls = workload.guest.take().map_or(0, |guest| guest.calls);
        workload.trouble = reason;
        workload.restart.schedule(now_ms, calls);
        self.emit_state(at);
    }

    fn emit_stop(&self, at: usize, kind: &str, reason: &str) {
        let workload = &self.workloads[at];
        let summary = if workload.trial.is_some() {
            &workload.next
        } else {
            &workload.running
        };
        let version = summary.as_ref().map_or("", |summary| &summary.version);
        let fields = [
            ("wl", Field::Text(&workload.record.name)),
            ("ver", Field::Text(version)),
            ("msg", Field::Text(reason)),
            ("lvl", Field::Unsigned(4)),
            ("ctx", Field::Text("handler")),
        ];
        self.shared.emit(kind, &fields);
    }
}
