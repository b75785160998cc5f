//! Installation begins with an envelope.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use petiole_store::{Candidate, MappedFlash, Phase, Record, Release, Side};
use petiole_trust::{Accepted, Descriptor, MAX_ENVELOPE, Manifest, Refusal, Trigger};

use crate::GuestRunner;
use crate::error::Refused;
use crate::events::Field;
use crate::manager::Manager;
use crate::peers;
use crate::transfer::Part;
use crate::triggers::Triggers;
use crate::workload::{Summary, Workload};

/// What the board says of an envelope that it took.
pub struct Taken {
    /// Workload name.
    pub name: String,
    /// Digest of the code.
    pub digest: [u8; 32],
    /// Size of the code, bytes.
    pub size: u32,
    /// Code offset to go on at.
    pub next: u32,
    /// The workload's state.
    pub state: &'static str,
}

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Takes a piece of an envelope; `length` is the size of all of it and comes with the first piece. Returns the offset
    /// wanted next, and what became of the envelope when that was the last piece.
    pub fn envelope_piece(
        &mut self,
        offset: usize,
        length: Option<usize>,
        data: &[u8],
    ) -> Result<(usize, Option<Taken>), Refused> {
        if offset == 0 {
            let length = length.ok_or(petiole_cbor::Malformed)?;
            if length > MAX_ENVELOPE {
                return Err(Refusal::OverLimit.into());
            }
            self.upload = (Vec::with_capacity(length), length);
        }
        let (bytes, length) = &mut self.upload;
        if offset != bytes.len() {
            return Ok((bytes.len(), None));
        }
        if data.len() > *length - offset {
            return Err(Refused::new(
                Refusal::Malformed,
                "more bytes than the envelope was said to have",
            ));
        }
        bytes.extend_from_slice(data);
        let arrived = bytes.len();
        if arrived < *length {
            return Ok((arrived, None));
        }
        let envelope = core::mem::take(&mut self.upload).0;
        let taken = self.take_envelope(&envelope);
        if let Err(refused) = &taken {
            self.shared
                .emit("refused", &[("reason", Field::Text(&refused.reason()))]);
        }
        Ok((arrived, Some(taken?)))
    }

    fn take_envelope(&mut self, envelope: &[u8]) -> Result<Taken, Refused> {
        let manifest = self.verify_envelope(envelope)?;
        let existing = self.find(manifest.name());
        let accepted = match existing {
            Some(at) => Some(self.workloads[at].record.accepted),
            None => self.store().removed(manifest.name())?,
        };
        let accepted = accepted.map(|(sequence, release)| Accepted { sequence, release });
        let runs = existing.is_some_and(|at| self.runs(at, &manifest));
        manifest.check(
            &self.facts.vendor,
            &self.facts.class,
            accepted.as_ref().filter(|_| !runs),
        )?;
        let descriptor = manifest.descriptor()?;
        self.check_descriptor(&descriptor)?;
        let (size, code) = (envelope.len() as u32, manifest.size());
        if !self.store().fits(size, code) {
            return Err(Refused::new(
                Refusal::NoSpace,
                "the release is larger than a workload slot of this board",
            ));
        }
        let at = match existing {
            Some(at) => at,
            None => self.make_room(&manifest)?,
        };
        if runs {
            self.keep_running(at)?;
        } else {
            if !self.is_on_its_way(at, &manifest) {
                self.begin(at, envelope, Summary::new(&manifest, &descriptor), code)?;
            }
            self.patching = None;
            self.parts = manifest.codes().iter().map(Part::new).collect();
            self.copy_known(at, true)?;
        }
        Ok(Taken {
            name: manifest.name().to_owned(),
            digest: manifest.digest(),
            size: code,
            next: if runs {
                code
            } else {
                self.workloads[at].offset
            },
            state: self.state_name(at),
        })
    }

    /// Whether the board could ever run this: limits, labels, triggers, order of start.
    fn check_descriptor(&self, descriptor: &Descriptor<'_>) -> Result<(), Refused> {
        let components: Vec<_> = descriptor.components().collect();
        let offered = self.runner.labels();
        for component in &components {
            self.limits(component)?;
            Triggers::new(component, 0)?;
            for grant in component.grants().filter(peers::has_bound_labels) {
                let interface = peers::interface(&grant);
                let of_peer = peers::provider(&grant, &components, offered).is_some();
                let missing = |label: &&str| !of_peer && !offered.contains(&(label, interface));
                if let Some(label) = grant.labels().find(missing) {
                    let detail = [label, " for ", interface].concat();
                    return Err(Refused::about(Refusal::NoSuchLabel, detail));
                }
            }
        }
        for component in &components {
            for trigger in component.triggers() {
                if let Trigger::Edge { label, .. } = trigger
                    && !offered.contains(&(label, peers::PINS))
                {
                    return Err(Refused::about(Refusal::NoSuchLabel, String::from(label)));
                }
            }
        }
        peers::order(&components, offered).map(drop)
    }

    /// Whether the confirmed release is this one.
    fn runs(&self, at: usize, manifest: &Manifest<'_>) -> bool {
        self.workloads[at]
            .running
            .as_ref()
            .is_some_and(|running| running.release == *manifest.release())
    }

    /// Whether this release is on its way already; then it goes on where it was.
    fn is_on_its_way(&mut self, at: usize, manifest: &Manifest<'_>) -> bool {
        let workload = &self.workloads[at];
        let erasing = matches!(
            workload.record.next,
            Some(Candidate {
                phase: Phase::Erasing(_),
                ..
            })
        );
        let same = workload
            .next
            .as_ref()
            .is_some_and(|next| next.release == *manifest.release())
            && !erasing;
        if same {
            self.receiving = Some(workload.index);
        }
        same
    }

    /// The release that runs is wanted: whatever else was on its way is forgotten.
    fn keep_running(&mut self, at: usize) -> Result<(), Refused> {
        let workload = &mut self.workloads[at];
        if workload.on_probation().is_some() {
            return Err(busy());
        }
        if workload.record.next.is_some() || workload.record.outcome.is_some() {
            (workload.record.next, workload.record.outcome, workload.next) = (None, None, None);
            if self.receiving == Some(workload.index) {
                self.receiving = None;
            }
            self.save(at)?;
            self.emit_state(at);
        }
        Ok(())
    }

    fn make_room(&mut self, manifest: &Manifest<'_>) -> Result<usize, Refused> {
        let taken = |index| {
            self.workloads
                .iter()
                .any(|workload| workload.index == index)
        };
        let index = (0..self.store().layout().count).find(|index| !taken(*index));
        let index = index.ok_or_else(|| {
            Refused::new(
                Refusal::NoSpace,
                "every workload slot of this board is in use: remove a workload first",
            )
        })?;
        let record = Record {
            name: manifest.name().to_owned(),
            accepted: (manifest.sequence(), *manifest.release()),
            running: None,
            next: None,
            outcome: None,
            stopped: None,
        };
        self.workloads.push(Workload::new(index, record));
        Ok(self.workloads.len() - 1)
    }

    /// Erases the free slot and writes the envelope there.
    fn begin(
        &mut self,
        at: usize,
        envelope: &[u8],
        summary: Summary,
        code: u32,
    ) -> Result<(), Refused> {
        let workload = &mut self.workloads[at];
        if workload.on_probation().is_some() {
            return Err(busy());
        }
        let side = workload
            .record
            .running
            .map_or(Side::A, |running| running.side.other());
        let release = Release {
            side,
            envelope: envelope.len() as u32,
            code,
        };
        workload.record.accepted = (summary.sequence, summary.release);
        workload.record.outcome = None;
        workload.record.next = Some(Candidate {
            release,
            phase: Phase::Erasing(0),
        });
        workload.next = Some(summary);
        self.receiving = Some(workload.index);
        self.rewrite(at, &release, envelope)?;
        self.emit_state(at);
        Ok(())
    }

    /// Makes the slot of a release on its way hold its envelope and nothing else.
    pub(crate) fn rewrite(
        &mut self,
        at: usize,
        release: &Release,
        envelope: &[u8],
    ) -> Result<(), Refused> {
        let index = self.workloads[at].index;
        self.workloads[at].offset = 0;
        self.set_phase(at, Phase::Erasing(0))?;
        self.store().erase(index, release, 0)?;
        self.store().write_envelope(index, release, envelope)?;
        self.set_phase(at, Phase::Downloading)
    }
}

pub(crate) fn busy() -> Refused {
    Refused::new(
        Refusal::Busy,
        "another release of this workload is on probation: wait for its end",
    )
}
