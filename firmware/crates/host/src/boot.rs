//! How everything comes back after a start of the board.

use alloc::string::String;

use petiole_interfaces::Level;
use petiole_store::{Candidate, MappedFlash, Phase, Record, Release};

use crate::GuestRunner;
use crate::error::Refused;
use crate::manager::Manager;
use crate::workload::Workload;

/// A release that was on probation in this many boots and never came through is rolled back.
const PROBATION_BOOTS: u8 = 3;
/// After so many starts in a row that did not last, no workload is started.
const MOST_FAILURES: u8 = 3;
/// A start that lasts so long, milliseconds, has not failed.
const STEADY_MS: u64 = 60_000;

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Reads the flash and brings every workload back to where it was.
    ///
    /// What cannot be read is said in events; the board goes on with the rest.
    pub fn boot(&mut self, failures: u8) {
        let identity = self.store().identity();
        match identity {
            Ok(Some(identity)) => self.take_identity(identity),
            Ok(None) => {}
            Err(error) => self.shared.log(Level::Error, "settings", error.text()),
        }
        let level = self.store().log_level();
        self.shared.set_level(level);
        if !self.facts.crashed {
            // Whoever pulled the plug is no fault of the firmware.
            if failures > 0 {
                self.forgive_boots();
            }
        } else if failures >= MOST_FAILURES {
            self.safe = true;
            self.shared.log(
                Level::Critical,
                "safe",
                "the firmware crashed again and again: no workload is started until a reset or an activation",
            );
        }
        let count = self.store().layout().count;
        for index in 0..count {
            let record = self.store().record(index);
            match record {
                Ok(Some(record)) => self.recover(index, record),
                Ok(None) => {}
                Err(error) => {
                    self.shared.log(Level::Error, "journal", error.text());
                }
            }
        }
        self.forget_values();
    }

    /// Forgets what workloads kept that are not there any more.
    pub(crate) fn forget_values(&mut self) {
        let known = |name: &str| self.find(name).is_some();
        let retained = self.store().retain_values(known);
        self.note_result(retained.map_err(Refused::from));
    }

    /// Notes when the board has run for long enough.
    pub(crate) fn note_steady(&mut self, now_ms: u64) {
        if now_ms >= STEADY_MS && !self.safe && !self.steady {
            self.steady = true;
            self.forgive_boots();
        }
    }

    fn forgive_boots(&mut self) {
        let forgiven = self.store().forgive_boots();
        self.note_result(forgiven.map_err(Refused::from));
    }

    /// Starts what safe mode kept from running.
    pub(crate) fn leave_safe_mode(&mut self) {
        if !core::mem::take(&mut self.safe) {
            return;
        }
        self.forgive_boots();
        for at in 0..self.workloads.len() {
            match self.workloads[at].on_probation() {
                Some(release) => {
                    if let Err(refused) = self.start_probation(at, &release) {
                        self.roll_back(at, refused.reason());
                    }
                }
                None => self.start_running(at),
            }
        }
    }

    /// Before a reset that was asked for: workloads that were left alone get another chance.
    pub(crate) fn prepare_reset(&mut self) {
        self.forgive_boots();
        for at in 0..self.workloads.len() {
            if self.workloads[at].record.stopped.take().is_some() {
                let saved = self.save(at);
                self.note_result(saved);
            }
        }
    }

    fn recover(&mut self, index: u8, record: Record) {
        let mut workload = Workload::new(index, record);
        let record = &workload.record;
        if let Some(candidate) = record.next {
            workload.next = self.summary(index, &candidate.release);
        }
        if record.next.is_some() || record.stopped.is_some() || self.safe {
            let running = record.running;
            workload.running = running.and_then(|release| self.summary(index, &release));
        }
        self.workloads.push(workload);
        let at = self.workloads.len() - 1;
        let ran = self.workloads[at].on_probation().is_some();
        if let Err(refused) = self.resume(at) {
            self.drop_candidate(at, ran, refused.reason());
        }
        let workload = &self.workloads[at];
        if workload.record.next.is_none()
            && workload.record.running.is_none()
            && workload.record.outcome.is_none()
        {
            let workload = self.workloads.remove(at);
            let removed = self.store().remove(index, &workload.record);
            self.note_result(removed.map_err(Refused::from));
            return;
        }
        let workload = &self.workloads[at];
        if workload.members.is_empty() && workload.restart.at_ms.is_none() {
            self.start_running(at);
        }
    }

    /// Goes on with a release that was on its way when the board went down.
    fn resume(&mut self, at: usize) -> Result<(), Refused> {
        let workload = &self.workloads[at];
        let Some(Candidate { release, phase }) = workload.record.next else {
            return Ok(());
        };
        let index = workload.index;
        match phase {
            Phase::Erasing(0) => {
                let workload = &mut self.workloads[at];
                (workload.record.next, workload.next) = (None, None);
                self.save(at)
            }
            Phase::Erasing(from) => {
                self.store().erase(index, &release, from)?;
                self.set_phase(at, Phase::Downloading)?;
                self.find_offset(at, &release);
                Ok(())
            }
            Phase::Downloading => {
                self.verify(index, &release)?;
                self.find_offset(at, &release);
                self.receiving = Some(index);
                Ok(())
            }
            Phase::Staged => {
                self.workloads[at].offset = release.code;
                Ok(())
            }
            Phase::Probation(boots) if boots + 1 >= PROBATION_BOOTS => {
                self.roll_back(
                    at,
                    String::from("error: the board was restarted again and again during probation"),
                );
                Ok(())
            }
            Phase::Probation(boots) => {
                self.workloads[at].offset = release.code;
                self.set_phase(at, Phase::Probation(boots + 1))?;
                self.start_probation(at, &release)
            }
        }
    }

    fn find_offset(&mut self, at: usize, release: &Release) {
        let index = self.workloads[at].index;
        let offset = self.store().resume_offset(index, release);
        self.workloads[at].offset = offset;
    }
}
