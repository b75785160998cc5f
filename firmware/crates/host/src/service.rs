//! The commands of SMP group 64 (formats reference, section 8).

use alloc::string::String;

use petiole_cbor::Writer;
use petiole_interfaces::Message;
use petiole_interfaces::messages::is_subject;
use petiole_link::{Fault, Image, Outcome, Request, Task};
use petiole_store::{Identity, MappedFlash, read_anchors};
use petiole_trust::{DeviceKey, Refusal, is_name, verify_rotation};

use crate::GuestRunner;
use crate::answers::{limits, row, state, taken, wall};
use crate::body::Body;
use crate::error::Refused;
use crate::manager::{Manager, not_enrolled};
use crate::port::LONGEST_BODY;
use crate::stock::GROUPS;

/// Stock tools set the clock to a second.
const SECOND_MS: u64 = 1_000;

mod command {
    pub const FACTS: u8 = 0;
    pub const ENROLL: u8 = 1;
    pub const PROVE: u8 = 2;
    pub const ENVELOPE: u8 = 3;
    pub const PAYLOAD: u8 = 4;
    pub const ACTIVATE: u8 = 5;
    pub const CONFIRM: u8 = 6;
    pub const WORKLOADS: u8 = 7;
    pub const REMOVE: u8 = 8;
    pub const SUBSCRIBE: u8 = 9;
    pub const TIME: u8 = 10;
    pub const DELTA: u8 = 11;
    pub const ANCHORS: u8 = 12;
    pub const MESSAGE: u8 = 13;
    pub const RESTART: u8 = 14;
}

/// The board as the SMP server sees it, for one message.
pub struct Service<'h, F, R: GuestRunner> {
    pub manager: &'h mut Manager<F, R>,
    pub lease_end_ms: &'h mut u64,
    pub reset: &'h mut bool,
}

impl<F: MappedFlash + 'static, R: GuestRunner> petiole_link::Service for Service<'_, F, R> {
    fn call(&mut self, request: &Request<'_>, out: &mut Writer<'_>) -> Result<Outcome, Fault> {
        self.answer(request, out).map_err(Fault::from)
    }

    fn tasks(&mut self, row: &mut dyn FnMut(&Task<'_>)) {
        self.manager.tasks(row);
    }

    fn unix_ms(&mut self) -> Option<u64> {
        let shared = &self.manager.shared;
        shared.clock.unix_ms(shared.now_ms())
    }

    fn set_unix_ms(&mut self, unix_ms: u64) -> bool {
        self.set_time(unix_ms, SECOND_MS);
        true
    }

    fn statistic_groups(&self) -> &'static [&'static str] {
        &GROUPS
    }

    fn statistics(&mut self, group: &str, field: &mut dyn FnMut(&str, u64)) {
        self.manager.statistics(group, field);
    }

    fn setting(&mut self, name: &str) -> Option<String> {
        self.manager.setting(name)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> bool {
        self.manager.set_setting(name, value)
    }

    fn image(&self) -> Image {
        Image {
            version: self.manager.facts.firmware,
            board: self.manager.facts.board,
        }
    }

    fn reset(&mut self) {
        self.manager.prepare_reset();
        *self.reset = true;
    }
}

impl<F: MappedFlash + 'static, R: GuestRunner> Service<'_, F, R> {
    fn answer(&mut self, request: &Request<'_>, out: &mut Writer<'_>) -> Result<Outcome, Refused> {
        let body = Body(request.body);
        match (request.command, request.write) {
            (command::FACTS, false) => self.facts(out),
            (command::ENROLL, true) => self.enroll(&body, out)?,
            (command::PROVE, true) => self.prove(&body, out)?,
            (command::ENVELOPE, true) => self.envelope(&body, out)?,
            (command::PAYLOAD | command::DELTA, true) => {
                let (offset, data) = body.block()?;
                let code = request.command == command::PAYLOAD;
                let went = if code {
                    self.manager.code_block(offset, data)
                } else {
                    self.manager.patch_block(offset, data)
                };
                taken(went?, out);
            }
            (command::ACTIVATE | command::CONFIRM | command::RESTART, true) => {
                let name = body.name()?;
                let came = match request.command {
                    command::ACTIVATE => self.manager.activate(name),
                    command::CONFIRM => self.manager.confirm(name, body.number("seq")?),
                    _ => self.manager.restart(name),
                };
                state(came?, out);
            }
            (command::WORKLOADS, false) => self.workloads(out),
            (command::REMOVE, true) => {
                self.manager.remove(body.name()?)?;
                out.map(0);
            }
            (command::SUBSCRIBE, true) => self.subscribe(&body, out)?,
            (command::TIME, true) => {
                self.set_time(body.number("unix")?, body.number("unc")?);
                out.map(0);
            }
            (command::ANCHORS, true) => self.anchors(&body, out)?,
            (command::MESSAGE, true) => self.message(&body, out)?,
            _ => return Ok(Outcome::Unknown),
        }
        Ok(Outcome::Done)
    }

    fn facts(&mut self, out: &mut Writer<'_>) {
        let manager = &self.manager;
        let (facts, identity) = (&manager.facts, manager.identity.as_ref());
        let (device, site) =
            identity.map_or(("", ""), |identity| (&identity.device, &identity.site));
        out.map(17)
            .text("board")
            .text(facts.board)
            .text("firmware")
            .text(facts.firmware);
        out.text("profile")
            .text(facts.profile)
            .text("class")
            .bytes(&facts.class);
        out.text("device")
            .text(device)
            .text("site")
            .text(site)
            .text("key");
        out.bytes(manager.public_key());
        let anchors = identity.map_or(&[][..], |identity| &identity.anchors);
        out.text("anchors").array(anchors.len());
        for anchor in anchors {
            out.bytes(&anchor.key_id());
        }
        let labels = manager.runner.labels();
        out.text("labels").map(labels.len());
        for (label, interface) in labels {
            out.text(label).text(interface);
        }
        out.text("limits");
        limits(&manager.runner.maximum(), out);
        out.text("safe").boolean(manager.safe).text("wall");
        wall(
            manager.shared.clock.wall(manager.shared.board.now_ns()),
            out,
        );
        let (store, heap) = (manager.store(), manager.shared.board.heap());
        let layout = store.layout();
        out.text("workloads")
            .unsigned(u64::from(layout.count))
            .text("slot")
            .unsigned(u64::from(layout.slot));
        out.text("heap")
            .map(3)
            .text("size")
            .unsigned(u64::from(heap.size));
        out.text("used")
            .unsigned(u64::from(heap.used))
            .text("peak")
            .unsigned(u64::from(heap.peak));
        out.text("boot")
            .unsigned(u64::from(manager.shared.events.borrow().boot()));
        out.text("up").unsigned(manager.shared.now_ms());
    }

    fn enroll(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        if self.manager.identity.is_some() {
            return Err(Refused::new(
                Refusal::AlreadyEnrolled,
                "this device has an identity; erase its flash to give it another",
            ));
        }
        let (device, site) = (body.field("device")?.text()?, body.field("site")?.text()?);
        let host_entropy = *body.field("entropy")?.array_of()?;
        let mut list = body.field("anchors")?;
        let count = list.array()?;
        if !is_name(device) || !is_name(site) || count == 0 || !Identity::has_room_for(count) {
            return Err(Refused::new(
                Refusal::Malformed,
                "enrollment needs names of device and site and 1 to 8 anchors",
            ));
        }
        let anchors = read_anchors(&mut list, count)?;
        let mut board_entropy = [0; 32];
        self.manager.shared.board.entropy(&mut board_entropy);
        let seed = DeviceKey::new_seed(&host_entropy, &board_entropy);
        let identity = Identity {
            device: String::from(device),
            site: String::from(site),
            seed,
            anchors,
            rotation: 0,
        };
        self.manager.keep_identity(identity)?;
        out.map(1).text("key").bytes(self.manager.public_key());
        Ok(())
    }

    fn prove(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        let identity = self.manager.identity.as_ref().ok_or_else(not_enrolled)?;
        let signature =
            DeviceKey::from_seed(&identity.seed).prove(body.field("nonce")?.array_of()?);
        out.map(1).text("sig").bytes(&signature);
        Ok(())
    }

    fn envelope(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        let offset = body.number("off")? as usize;
        let length = if offset == 0 {
            Some(body.number("len")? as usize)
        } else {
            None
        };
        let (next, taken) =
            self.manager
                .envelope_piece(offset, length, body.field("data")?.bytes()?)?;
        let Some(taken) = taken else {
            out.map(1).text("off").unsigned(next as u64);
            return Ok(());
        };
        out.map(6)
            .text("off")
            .unsigned(next as u64)
            .text("name")
            .text(&taken.name);
        out.text("digest")
            .bytes(&taken.digest)
            .text("size")
            .unsigned(u64::from(taken.size));
        out.text("next")
            .unsigned(u64::from(taken.next))
            .text("state")
            .text(taken.state);
        Ok(())
    }

    fn workloads(&mut self, out: &mut Writer<'_>) {
        out.map(1)
            .text("workloads")
            .array(self.manager.workloads.len());
        for workload in &self.manager.workloads {
            row(workload, out);
        }
    }

    fn set_time(&mut self, unix_ms: u64, uncertainty_ms: u64) {
        let shared = &self.manager.shared;
        let now_ns = shared.board.now_ns();
        shared.clock.set(unix_ms, uncertainty_ms, now_ns);
    }

    /// Replaces the trust anchors.
    fn anchors(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        let identity = self.manager.identity.as_ref().ok_or_else(not_enrolled)?;
        let message = body.field("msg")?.bytes()?;
        let rotation = verify_rotation(message, &identity.anchors, identity.rotation)?;
        let mut identity = identity.clone();
        identity.rotation = rotation.sequence();
        identity.anchors.clear();
        for anchor in rotation.anchors() {
            identity.anchors.push(anchor);
        }
        out.map(1).text("anchors").array(identity.anchors.len());
        for anchor in &identity.anchors {
            out.bytes(&anchor.key_id());
        }
        self.manager.keep_identity(identity)
    }

    /// Gives guests a message from elsewhere.
    fn message(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        let subject = body.field("sub")?.text()?;
        let data = body.field("data")?.bytes()?;
        let reply_to = match body.find("reply")? {
            Some(mut reply) => Some(String::from(reply.text()?)),
            None => None,
        };
        if !is_subject(subject) || data.len() > LONGEST_BODY {
            return Err(Refused::new(
                Refusal::Malformed,
                "a message needs a subject without wildcards and at most 1024 bytes",
            ));
        }
        let taken = self.manager.deliver(Message {
            subject: subject.into(),
            body: data.into(),
            reply_to,
        });
        out.map(1).text("taken").unsigned(taken as u64);
        Ok(())
    }

    fn subscribe(&mut self, body: &Body<'_>, out: &mut Writer<'_>) -> Result<(), Refused> {
        let lease_s = body.number("lease")?;
        if let Some(mut acknowledged) = body.find("ack")? {
            acknowledged.array_exactly(2)?;
            let (boot, sequence) = (acknowledged.unsigned32()?, acknowledged.unsigned32()?);
            let mut events = self.manager.shared.events.borrow_mut();
            let told = events.acknowledge(boot, sequence);
            drop(events);
            self.manager.forget_stops(&told);
        }
        if lease_s > 0 {
            self.manager.tell_stops();
        }
        let mut events = self.manager.shared.events.borrow_mut();
        let now_ms = self.manager.shared.now_ms();
        if *self.lease_end_ms <= now_ms {
            events.send_again();
        }
        *self.lease_end_ms = now_ms.saturating_add(lease_s.saturating_mul(1_000));
        out.map(4)
            .text("boot")
            .unsigned(u64::from(events.boot()))
            .text("seq")
            .unsigned(u64::from(events.newest()));
        out.text("first")
            .unsigned(u64::from(events.oldest()))
            .text("up")
            .unsigned(now_ms);
        Ok(())
    }
}
