//! The workload manager: what is there, and what is said of it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{OnceCell, RefCell, RefMut};

use petiole_interfaces::Limits;
use petiole_store::{Identity, MappedFlash, Outcome, Phase, Release, Store};
use petiole_trust::{Checked, Component, Descriptor, DeviceKey, Manifest, Refusal};

use crate::delta::Patching;
use crate::error::Refused;
use crate::events::Field;
use crate::limits;
use crate::shared::Shared;
use crate::transfer::Part;
use crate::workload::{Restart, Summary, Workload, phase_name};
use crate::{Facts, GuestRunner};

/// All workloads of the board, and what decides about them.
pub struct Manager<F, R: GuestRunner> {
    /// What survives a power cut; guests' values lie in it too.
    pub(crate) flash: Rc<RefCell<Store<F>>>,
    pub(crate) runner: R,
    pub(crate) facts: Facts,
    pub(crate) shared: Rc<Shared>,
    pub(crate) identity: Option<Identity>,
    /// The device's public key: it takes as long to make as a signature.
    public: OnceCell<[u8; 32]>,
    checked: RefCell<Checked>,
    pub(crate) workloads: Vec<Workload<R::Guest>>,
    /// The envelope that arrives in pieces, and its full size.
    pub(crate) upload: (Vec<u8>, usize),
    /// The workload whose code is expected.
    pub(crate) receiving: Option<u8>,
    /// The patch on its way.
    pub(crate) patching: Option<Box<Patching>>,
    /// What its code consists of, when its envelope was sent since the start.
    pub(crate) parts: Vec<Part>,
    /// Workload and component that had the last slice of the ring, so that each gets its turn.
    pub(crate) turn: (usize, usize),
    /// Whether the last slice went to a late run, past the ring.
    pub(crate) jumped: bool,
    /// Whether the board has run for long enough not to count as crashing.
    pub(crate) steady: bool,
    /// Whether no workload is started because the firmware crashed again and again.
    pub(crate) safe: bool,
}

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Nothing but the ground to stand on; see [`Manager::boot`].
    pub fn new(store: Store<F>, runner: R, facts: Facts, shared: Rc<Shared>) -> Self {
        Self {
            flash: Rc::new(RefCell::new(store)),
            runner,
            facts,
            shared,
            identity: None,
            public: OnceCell::new(),
            checked: RefCell::default(),
            workloads: Vec::new(),
            upload: (Vec::new(), 0),
            receiving: None,
            patching: None,
            parts: Vec::new(),
            turn: (0, 0),
            jumped: false,
            steady: false,
            safe: false,
        }
    }

    /// The store. No guest may be polled while the result lives.
    pub(crate) fn store(&self) -> RefMut<'_, Store<F>> {
        self.flash.borrow_mut()
    }

    /// The envelope of a release, in flash.
    pub(crate) fn envelope_of(&self, index: u8, release: &Release) -> &'static [u8] {
        self.store().envelope(index, release)
    }

    /// All code of a release, in flash.
    pub(crate) fn code_of(&self, index: u8, release: &Release) -> &'static [u8] {
        self.store().code(index, release)
    }

    /// Verifies what lies in flash for a release: signature, target, descriptor.
    pub(crate) fn verify(
        &self,
        index: u8,
        release: &Release,
    ) -> Result<(Manifest<'static>, Descriptor<'static>), Refused> {
        let manifest = self.verify_envelope(self.envelope_of(index, release))?;
        manifest.check(&self.facts.vendor, &self.facts.class, None)?;
        let descriptor = manifest.descriptor()?;
        Ok((manifest, descriptor))
    }

    /// Verifies an envelope by the anchors of now.
    pub(crate) fn verify_envelope<'a>(&self, envelope: &'a [u8]) -> Result<Manifest<'a>, Refused> {
        let identity = self.identity.as_ref().ok_or_else(not_enrolled)?;
        let mut checked = self.checked.borrow_mut();
        Ok(checked.verify(envelope, &identity.anchors)?)
    }

    /// The device's public key; empty before it is enrolled.
    pub(crate) fn public_key(&self) -> &[u8] {
        let make = |identity: &Identity| {
            let key = || DeviceKey::from_seed(&identity.seed).public();
            &self.public.get_or_init(key)[..]
        };
        self.identity.as_ref().map_or(&[], make)
    }

    pub(crate) fn summary(&self, index: u8, release: &Release) -> Option<Summary> {
        let (manifest, descriptor) = self.verify(index, release).ok()?;
        Some(Summary::new(&manifest, &descriptor))
    }

    /// The limits of a component, when the board has as much.
    pub(crate) fn limits(&self, component: &Component<'_>) -> Result<Limits, Refused> {
        limits::bounded(component.limits(), &self.runner.maximum())
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.workloads
            .iter()
            .position(|workload| workload.record.name == name)
    }

    pub(crate) fn find_or_refuse(&self, name: &str) -> Result<usize, Refused> {
        self.find(name)
            .ok_or_else(|| Refused::about(Refusal::NoSuchWorkload, String::from(name)))
    }

    /// Keeps an identity, in flash first.
    pub(crate) fn keep_identity(&mut self, identity: Identity) -> Result<(), Refused> {
        self.store().set_identity(&identity)?;
        self.take_identity(identity);
        Ok(())
    }

    pub(crate) fn take_identity(&mut self, identity: Identity) {
        let boot = self.shared.events.borrow().boot();
        let mut mail = self.shared.mail.borrow_mut();
        mail.set_prefix(&identity.device, boot);
        self.checked.borrow_mut().forget();
        self.public.take();
        self.identity = Some(identity);
    }

    pub(crate) fn save(&mut self, at: usize) -> Result<(), Refused> {
        let workload = &self.workloads[at];
        Ok(self.store().set_record(workload.index, &workload.record)?)
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

pub(crate) fn not_enrolled() -> Refused {
    Refused::new(
        Refusal::NotEnrolled,
        "the device has no identity and trust anchors yet: enroll it first",
    )
}
