//! How the components of a release are started, all together.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;

use petiole_store::{MappedFlash, Release};
use petiole_trust::{Component, Descriptor, Manifest, Probation};

use crate::GuestRunner;
use crate::error::Refused;
use crate::manager::Manager;
use crate::member::{Member, Origin};
use crate::peers;
use crate::port::GuestPort;
use crate::triggers::Triggers;
use crate::values::Values;
use crate::wake::Ready;
use crate::workload::{Summary, Trial};

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Verifies and loads a release; its components become the workload's. Returns the terms of its probation.
    pub(crate) fn start(&mut self, at: usize, release: &Release) -> Result<Probation, Refused> {
        let index = self.workloads[at].index;
        self.workloads[at].stop();
        let (manifest, descriptor) = self.verify(index, release)?;
        if self.workloads[at].record.running == Some(*release) {
            self.workloads[at].running = Some(Summary::new(&manifest, &descriptor));
        }
        let components: Vec<_> = descriptor.components().collect();
        let order = peers::order(&components, self.runner.labels())?;
        let code = self.code_of(index, release);
        for number in order {
            let component = &components[number];
            let code = manifest.verify_code(number, code)?;
            let member = self.load(at, code, component, &descriptor);
            match member {
                Ok(member) => self.workloads[at].members.push(member),
                Err(refused) => {
                    self.workloads[at].stop();
                    return Err(refused);
                }
            }
        }
        let workload = &mut self.workloads[at];
        workload.started_ms = self.shared.now_ms();
        workload.trouble.clear();
        workload.restart.at_ms = None;
        Ok(descriptor.probation())
    }

    fn load(
        &mut self,
        at: usize,
        code: petiole_trust::VerifiedCode,
        component: &Component<'_>,
        descriptor: &Descriptor<'_>,
    ) -> Result<Member<R::Guest>, Refused> {
        let limits = self.limits(component)?;
        let now_ms = self.shared.now_ms();
        let mut triggers = Triggers::new(component, now_ms)?;
        let inputs = Ready::new(self.shared.board);
        self.watch(&mut triggers, &inputs);
        let origin = Rc::new(Origin {
            workload: descriptor.name().into(),
            version: descriptor.version().into(),
            component: component.name().into(),
        });
        let alarm = Rc::new(Cell::new(u64::MAX));
        let values = Values::new(
            self.flash.clone(),
            self.shared.clone(),
            origin.clone(),
            component,
            &limits,
        );
        let port = GuestPort::new(
            self.shared.clone(),
            origin.clone(),
            alarm.clone(),
            &limits,
            values,
        );
        let peers: Vec<_> = self.workloads[at]
            .members
            .iter()
            .map(|member| (&*member.origin.component, &member.guest))
            .collect();
        let guest = self
            .runner
            .load(code, component, &limits, Box::new(port), &peers)?;
        let flags = (Ready::new(self.shared.board), inputs);
        Ok(Member::new(
            guest, origin, alarm, limits, triggers, flags, now_ms,
        ))
    }

    /// Notes where the inputs stand, so that only changes from here on count.
    fn watch(&mut self, triggers: &mut Triggers, inputs: &Arc<Ready>) {
        for watched in &mut triggers.edges {
            let seen = self.runner.watch(&watched.label, &inputs.waker());
            watched.seen = seen.map(|(edges, _)| edges).unwrap_or_default();
        }
    }

    /// Whether the engine takes every component of a release.
    pub(crate) fn check(
        &mut self,
        manifest: &Manifest<'_>,
        descriptor: &Descriptor<'_>,
        code: &'static [u8],
    ) -> Result<(), Refused> {
        let components: Vec<_> = descriptor.components().collect();
        for (number, component) in components.iter().enumerate() {
            let code = manifest.verify_code(number, code)?;
            let limits = self.limits(component)?;
            let mut peers = Vec::new();
            for other in &components {
                if other.name() != component.name() {
                    peers.push(other.name());
                }
            }
            self.runner.check(code, component, &limits, &peers)?;
        }
        Ok(())
    }

    /// Starts the release on probation and its trial.
    pub(crate) fn start_probation(&mut self, at: usize, release: &Release) -> Result<(), Refused> {
        let terms = if self.safe {
            self.verify(self.workloads[at].index, release)?
                .1
                .probation()
        } else {
            self.start(at, release)?
        };
        let deadline_ms = self
            .shared
            .now_ms()
            .saturating_add(terms.seconds.saturating_mul(1_000));
        self.workloads[at].trial = Some(Trial {
            terms,
            deadline_ms,
            confirmed: false,
        });
        Ok(())
    }

    /// Starts the confirmed release, when there is one. Where that fails it is tried again later.
    pub(crate) fn start_running(&mut self, at: usize) {
        let Some(release) = self.workloads[at].record.running else {
            return;
        };
        if self.safe || self.workloads[at].record.stopped.is_some() {
            return;
        }
        if let Err(refused) = self.start(at, &release) {
            self.schedule_restart(at, 0, refused.reason());
        }
    }
}
