//! From staged to confirmed, or back; stopped and started on request.

use alloc::string::String;

use petiole_store::{Candidate, MappedFlash, Phase};
use petiole_trust::Refusal;

use crate::GuestRunner;
use crate::error::Refused;
use crate::manager::Manager;
use crate::workload::{Restart, Summary};

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Puts the staged release of a workload on probation in place of the one that runs. Ends safe mode.
    pub fn activate(&mut self, name: &str) -> Result<&'static str, Refused> {
        let at = self.find_or_refuse(name)?;
        let release = match self.workloads[at].record.next {
            Some(Candidate {
                release,
                phase: Phase::Staged,
            }) => release,
            Some(Candidate {
                phase: Phase::Probation(_),
                ..
            }) => return Ok("probation"),
            _ => {
                return Err(Refused::new(
                    Refusal::WrongState,
                    "no release is staged: send its envelope and code first",
                ));
            }
        };
        self.leave_safe_mode();
        self.set_phase(at, Phase::Probation(0))?;
        match self.start_probation(at, &release) {
            Ok(()) => {
                self.emit_state(at);
                self.confirm_if_proven(at);
                Ok("probation")
            }
            Err(refused) => {
                self.roll_back(at, refused.reason());
                Err(refused)
            }
        }
    }

    /// Notes that the fleet has heard of the release with this sequence number since it was activated.
    pub fn confirm(&mut self, name: &str, sequence: u64) -> Result<&'static str, Refused> {
        let at = self.find_or_refuse(name)?;
        let workload = &mut self.workloads[at];
        let of = |summary: &Option<Summary>| summary.as_ref().map(|summary| summary.sequence);
        if workload.record.next.is_none()
            && workload.record.outcome.is_none()
            && of(&workload.running) == Some(sequence)
        {
            return Ok("confirmed");
        }
        match &mut workload.trial {
            Some(trial) if of(&workload.next) == Some(sequence) => trial.confirmed = true,
            _ => {
                return Err(Refused::new(
                    Refusal::WrongState,
                    "this release is not on probation",
                ));
            }
        }
        self.confirm_if_proven(at);
        Ok(self.state_name(at))
    }

    /// Ends a trial well when the release is healthy and the fleet was reached.
    pub(crate) fn confirm_if_proven(&mut self, at: usize) {
        let now_ms = self.shared.now_ms();
        let workload = &mut self.workloads[at];
        let Some(trial) = &workload.trial else { return };
        if self.safe || !trial.confirmed || !workload.is_healthy(trial, now_ms) {
            return;
        }
        workload.trial = None;
        workload.record.running = workload
            .record
            .next
            .take()
            .map(|candidate| candidate.release);
        workload.record.stopped = None;
        workload.running = workload.next.take();
        let saved = self.save(at);
        self.note_result(saved);
        self.emit_state(at);
    }

    /// Takes a release on probation back and starts the confirmed one again.
    pub(crate) fn roll_back(&mut self, at: usize, reason: String) {
        self.workloads[at].stop();
        self.drop_candidate(at, true, reason);
        self.start_running(at);
    }

    /// Ends a trial: well when a service has run for long enough, badly when it has taken too long.
    pub(crate) fn end_trial(&mut self, at: usize, now_ms: u64) {
        let Some(trial) = self.workloads[at].trial.filter(|_| !self.safe) else {
            return;
        };
        self.confirm_if_proven(at);
        let workload = &self.workloads[at];
        if workload.trial.is_none() || now_ms < trial.deadline_ms {
            return;
        }
        let why = if workload.is_healthy(&trial, now_ms) {
            "no round trip to the fleet was seen"
        } else {
            "too few good calls"
        };
        self.roll_back(at, ["probation-timeout: ", why, " in time"].concat());
    }

    /// Stops all components of a workload and starts them again; ends a failed state of the confirmed release.
    pub fn restart(&mut self, name: &str) -> Result<&'static str, Refused> {
        let at = self.find_or_refuse(name)?;
        let workload = &mut self.workloads[at];
        workload.restart = Restart::default();
        if workload.record.stopped.take().is_some() {
            self.save(at)?;
        }
        match self.workloads[at].on_probation() {
            Some(release) if !self.safe => {
                if let Err(refused) = self.start(at, &release) {
                    self.roll_back(at, refused.reason());
                }
            }
            Some(_) => {}
            None => {
                self.workloads[at].stop();
                self.start_running(at);
            }
        }
        self.emit_state(at);
        Ok(self.state_name(at))
    }

    /// Removes a workload, its components and what they kept.
    pub fn remove(&mut self, name: &str) -> Result<(), Refused> {
        let at = self.find_or_refuse(name)?;
        let workload = &mut self.workloads[at];
        workload.stop();
        let index = workload.index;
        let workload = &self.workloads[at];
        self.store().remove(index, &workload.record)?;
        self.workloads.remove(at);
        self.forget_values();
        if self.receiving == Some(index) {
            self.receiving = None;
        }
        Ok(())
    }
}
