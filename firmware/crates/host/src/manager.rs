//! The workload manager: what is there, and how it comes back after a boot.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use petiole_interfaces::{Level, Limits};
use petiole_store::{Candidate, Identity, MappedFlash, Outcome, Phase, Record, Release, Store};
use petiole_trust::{Component, Descriptor, Manifest, Probation, Refusal, verify_envelope};

use crate::error::Refused;
use crate::events::Field;
use crate::limits;
use crate::port::{GuestPort, Shared};
use crate::wake::Ready;
use crate::workload::{Restart, Running, Summary, Trial, Workload, phase_name};
use crate::{Facts, GuestRunner};

/// A release that was on probation in this many boots and never came through is rolled back.
const PROBATION_BOOTS: u8 = 3;

/// All workloads of the board, and what decides about them.
pub struct Manager<F, R: GuestRunner> {
    pub(crate) store: Store<F>,
    pub(crate) runner: R,
    pub(crate) facts: Facts,
    pub(crate) shared: Rc<Shared>,
    pub(crate) identity: Option<Identity>,
    pub(crate) workloads: Vec<Workload<R::Guest>>,
    /// The envelope that arrives in pieces, and its full size.
    pub(crate) upload: (Vec<u8>, usize),
    /// The workload whose code is expected.
    pub(crate) receiving: Option<u8>,
    /// Where the last search for a due guest ended, so that each gets its turn.
    pub(crate) turn: usize,
}

impl<F: MappedFlash, R: GuestRunner> Manager<F, R> {
    /// Nothing but the ground to stand on; see [`Manager::boot`].
    pub fn new(store: Store<F>, runner: R, facts: Facts, shared: Rc<Shared>) -> Self {
        Self {
            store,
            runner,
            facts,
            shared,
            identity: None,
            workloads: Vec::new(),
            upload: (Vec::new(), 0),
            receiving: None,
            turn: 0,
        }
    }

    /// Reads the flash and brings every workload back to where it was.
    ///
    /// What cannot be read is said in events; the board goes on with the rest.
    pub fn boot(&mut self) {
        self.identity = match self.store.identity() {
            Ok(identity) => identity,
            Err(error) => {
                self.shared.log(Level::Error, "settings", error.text());
                None
            }
        };
        for index in 0..self.store.layout().count {
            match self.store.record(index) {
                Ok(Some(record)) => self.recover(index, record),
                Ok(None) => {}
                Err(error) => {
                    self.shared.log(Level::Error, "journal", error.text());
                }
            }
        }
    }

    fn recover(&mut self, index: u8, record: Record) {
        let mut workload = Workload::new(index, record);
        if let Some(candidate) = workload.record.next {
            workload.next = self.summary(index, &candidate.release);
            let running = workload.record.running;
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
            let removed = self.store.remove(index, &workload.record);
            self.note_result(removed.map_err(Refused::from));
            return;
        }
        let workload = &self.workloads[at];
        if workload.guest.is_none() && workload.restart.at_ms.is_none() {
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
                self.store.erase(index, &release, from)?;
                self.set_phase(at, Phase::Downloading)?;
                self.workloads[at].offset = self.store.resume_offset(index, &release);
                Ok(())
            }
            Phase::Downloading => {
                self.verify(index, &release)?;
                self.workloads[at].offset = self.store.resume_offset(index, &release);
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

    /// Verifies what lies in flash for a release: signature, target, descriptor.
    pub(crate) fn verify(
        &self,
        index: u8,
        release: &Release,
    ) -> Result<(Manifest<'static>, Descriptor<'static>), Refused> {
        let identity = self.identity.as_ref().ok_or_else(not_enrolled)?;
        let manifest = verify_envelope(self.store.envelope(index, release), &identity.anchors)?;
        manifest.check(&self.facts.vendor, &self.facts.class, None)?;
        let descriptor = manifest.descriptor()?;
        Ok((manifest, descriptor))
    }

    fn summary(&self, index: u8, release: &Release) -> Option<Summary> {
        let (manifest, descriptor) = self.verify(index, release).ok()?;
        Some(Summary::new(&manifest, &descriptor))
    }

    /// Verifies and loads a release; it becomes the workload's guest. Returns the terms of its probation.
    pub(crate) fn start(&mut self, at: usize, release: &Release) -> Result<Probation, Refused> {
        let index = self.workloads[at].index;
        self.workloads[at].guest = None;
        let (manifest, descriptor) = self.verify(index, release)?;
        if self.workloads[at].record.running == Some(*release) {
            self.workloads[at].running = Some(Summary::new(&manifest, &descriptor));
        }
        let limits = self.limits(&descriptor)?;
        let code = manifest.verify_code(0, self.store.code(index, release))?;
        let port = GuestPort::new(
            self.shared.clone(),
            descriptor.name(),
            descriptor.version(),
            &limits,
        );
        let guest = self
            .runner
            .load(code, &first(&descriptor), &limits, Box::new(port), &[])?;
        let running = Running::new(
            guest,
            &first(&descriptor),
            &limits,
            Ready::new(self.shared.board),
            self.shared.now_ms(),
        );
        let workload = &mut self.workloads[at];
        workload.guest = Some(running);
        workload.trouble.clear();
        workload.restart.at_ms = None;
        Ok(descriptor.probation())
    }

    /// Starts the release on probation and its trial.
    pub(crate) fn start_probation(&mut self, at: usize, release: &Release) -> Result<(), Refused> {
        let terms = self.start(at, release)?;
        let deadline_ms = self
            .shared
            .now_ms()
            .saturating_add(terms.seconds.saturating_mul(1_000));
        self.workloads[at].trial = Some(Trial {
            terms,
            deadline_ms,
            calls: 0,
            errors: 0,
            confirmed: false,
        });
        Ok(())
    }

    /// Starts the confirmed release, when there is one. Where that fails it is tried again later.
    pub(crate) fn start_running(&mut self, at: usize) {
        let Some(release) = self.workloads[at].record.running else {
            return;
        };
        if let Err(refused) = self.start(at, &release) {
            let now_ms = self.shared.now_ms();
            let workload = &mut self.workloads[at];
            workload.trouble = refused.reason();
            workload.restart.schedule(now_ms, 0);
            self.emit_state(at);
        }
    }

    /// The limits of a component, when the board has as much.
    pub(crate) fn limits(&self, descriptor: &Descriptor<'_>) -> Result<Limits, Refused> {
        limits::bounded(first(descriptor).limits(), &self.runner.maximum())
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.workloads
            .iter()
            .position(|workload| workload.record.name == name)
    }

    pub(crate) fn find_or_refuse(&self, name: &str) -> Result<usize, Refused> {
        self.find(name)
            .ok_or_else(|| Refused::new(Refusal::NoSuchWorkload, String::from(name)))
    }

    pub(crate) fn save(&mut self, at: usize) -> Result<(), Refused> {
        let workload = &self.workloads[at];
        Ok(self.store.set_record(workload.index, &workload.record)?)
    }

    /// Keeps the phase of the release on its way, before what it announces is done.
    pub(crate) fn set_phase(&mut self, at: usize, phase: Phase) -> Result<(), Refused> {
        if let Some(candidate) = &mut self.workloads[at].record.next {
            candidate.phase = phase;
        }
        self.save(at)
    }

    /// Ends the release on its way; the confirmed one stays.
    pub(crate) fn drop_candidate(&mut self, at: usize, rolled_back: bool, reason: String) {
        let workload = &mut self.workloads[at];
        let known = workload.next.take();
        workload.record.outcome = Some(Outcome {
            version: known
                .as_ref()
                .map(|summary| summary.version.clone())
                .unwrap_or_default(),
            sequence: known
                .as_ref()
                .map_or(workload.record.accepted.0, |summary| summary.sequence),
            release: known.map_or(workload.record.accepted.1, |summary| summary.release),
            rolled_back,
            reason,
        });
        workload.record.next = None;
        workload.trial = None;
        workload.offset = 0;
        workload.restart = Restart::default();
        if self.receiving == Some(workload.index) {
            self.receiving = None;
        }
        let saved = self.save(at);
        self.note_result(saved);
        self.emit_state(at);
    }

    /// Says that a workload came to another state.
    pub(crate) fn emit_state(&self, at: usize) {
        let workload = &self.workloads[at];
        let (state, reason) = workload.state();
        self.emit_state_as(at, state, reason);
    }

    /// Says that a workload passed through a state that is not kept.
    pub(crate) fn emit_state_as(&self, at: usize, state: &str, reason: &str) {
        let workload = &self.workloads[at];
        let outcome = workload
            .record
            .outcome
            .as_ref()
            .map(|outcome| outcome.version.as_str());
        let version = workload
            .next
            .as_ref()
            .map(|summary| summary.version.as_str())
            .or(outcome);
        let version = version.or(workload
            .running
            .as_ref()
            .map(|summary| summary.version.as_str()));
        let fields = [
            ("wl", Field::Text(&workload.record.name)),
            ("ver", Field::Text(version.unwrap_or(""))),
            ("state", Field::Text(state)),
            ("reason", Field::Text(reason)),
        ];
        let count = if reason.is_empty() { 3 } else { 4 };
        self.shared.emit("state", &fields[..count]);
    }

    /// Says when the flash refused what had to be kept, where nobody waits for an answer.
    pub(crate) fn note_result(&self, result: Result<(), Refused>) {
        if let Err(refused) = result {
            self.shared
                .emit("refused", &[("reason", Field::Text(&refused.reason()))]);
        }
    }

    /// The state a workload is answered with.
    pub(crate) fn state_name(&self, at: usize) -> &'static str {
        match self.workloads[at].record.next {
            Some(candidate) => phase_name(candidate.phase),
            None => self.workloads[at].state().0,
        }
    }
}

/// The first component of a release.
pub(crate) fn first<'a>(descriptor: &Descriptor<'a>) -> Component<'a> {
    descriptor
        .components()
        .next()
        .expect("a parsed descriptor has a component")
}

pub(crate) fn not_enrolled() -> Refused {
    Refused::new(
        Refusal::NotEnrolled,
        "the device has no identity and trust anchors yet: enroll it first",
    )
}
