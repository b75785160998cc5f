//! Whose turn it is.
//!
//! Time is given out in slices: a guest is polled until it waits, yields because of its fuel or ends its call. A run that
//! time asked for goes before the ring, the longest overdue first; but never two of them in a row while the ring waits, so that
//! neither side starves the other.

use alloc::sync::Arc;
use core::task::{Context, Poll};

use petiole_interfaces::{Level, Message};
use petiole_store::MappedFlash;
use petiole_trust::Edge;

use crate::events::Field;
use crate::manager::Manager;
use crate::member::{MOST_WAITING, Member, Origin, Want};
use crate::shared::Shared;
use crate::{Call, GuestRunner};

/// The time of what does not come.
pub const NEVER: u64 = u64::MAX;

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Does what is due, with at most one slice of a guest.
    pub fn work(&mut self) {
        let now_ns = self.shared.board.now_ns();
        let now_ms = now_ns / 1_000_000;
        self.note_steady(now_ms);
        self.hand_out();
        for at in 0..self.workloads.len() {
            self.end_trial(at, now_ms);
            if self.workloads[at]
                .restart
                .at_ms
                .is_some_and(|time| time <= now_ms)
            {
                self.workloads[at].restart.at_ms = None;
                self.start_running(at);
            }
            for number in 0..self.workloads[at].members.len() {
                self.look_at_inputs(at, number);
                self.tick(at, number, now_ms, now_ns);
            }
        }
        if let Some((at, number)) = self.choose(now_ms) {
            self.slice(at, number, now_ms);
        }
    }

    /// When [`Manager::work`] has something to do again, milliseconds since the start; [`NEVER`] while nothing waits.
    pub fn next_due(&self, now_ms: u64) -> u64 {
        let mut due = self.shared.mail.borrow().next_due();
        for workload in &self.workloads {
            due = due.min(workload.restart.at_ms.unwrap_or(NEVER));
            due = due.min(workload.trial_due(now_ms));
            for member in &workload.members {
                due = due.min(member.next_due(now_ms, &self.shared.clock));
            }
        }
        due
    }

    fn tick(&mut self, at: usize, number: usize, now_ms: u64, now_ns: u64) {
        let shared = &self.shared;
        let member = &mut self.workloads[at].members[number];
        if member.tick(now_ms, now_ns, &shared.clock) {
            shared.emit(
                "log",
                &[
                    ("wl", Field::Text(&member.origin.workload)),
                    ("ver", Field::Text(&member.origin.version)),
                    ("lvl", Field::Unsigned(Level::Warn as u64)),
                    ("ctx", Field::Text("calendar")),
                    (
                        "msg",
                        Field::Text("the time of day is not known yet: calendar runs wait for it"),
                    ),
                ],
            );
        }
        if member.is_held(now_ms) && member.breaches.tell("fuel-per-second", now_ms) {
            shared.emit_limit(&member.origin, "fuel-per-second", member.limits.fuel_refill);
        }
    }

    /// The member that gets the next slice.
    fn choose(&mut self, now_ms: u64) -> Option<(usize, usize)> {
        let (mut late, mut after, mut first) = ((NEVER, None), None, None);
        for (at, workload) in self.workloads.iter().enumerate() {
            for (number, member) in workload.members.iter().enumerate() {
                let place = (at, number);
                match member.want(now_ms) {
                    Some(Want::Late(since)) => {
                        if late.1.is_none() || since < late.0 {
                            late = (since, Some(place));
                        }
                    }
                    Some(Want::Slice) => {}
                    None => continue,
                }
                first = first.or(Some(place));
                if place > self.turn {
                    after = after.or(Some(place));
                }
            }
        }
        let ring = after.or(first)?;
        match late.1 {
            Some(place) if !self.jumped && place != ring => {
                self.jumped = true;
                Some(place)
            }
            _ => {
                self.jumped = false;
                self.turn = ring;
                Some(ring)
            }
        }
    }

    /// Polls a member once.
    fn slice(&mut self, at: usize, number: usize, now_ms: u64) {
        let member = &mut self.workloads[at].members[number];
        if let Some(call) = member.take_call(now_ms) {
            tell_dropped(&self.shared, member);
            member.fuel_before = self.runner.usage(&member.guest).fuel;
            self.runner.begin(&mut member.guest, call);
        }
        member.slices = member.slices.saturating_add(1);
        member.ready.clear();
        let waker = member.ready.waker();
        let result = self
            .runner
            .poll(&mut member.guest, &mut Context::from_waker(&waker));
        member.charge(self.runner.usage(&member.guest).fuel);
        match result {
            Poll::Pending => {}
            Poll::Ready(Ok(run)) => self.ended(at, number, run),
            Poll::Ready(Err(stop)) => self.stopped(at, number, &stop),
        }
    }

    /// Turns changes of inputs into calls.
    fn look_at_inputs(&mut self, at: usize, number: usize) {
        let member = &mut self.workloads[at].members[number];
        if member.triggers.edges.is_empty() || !member.inputs.get() {
            return;
        }
        member.inputs.clear();
        let mut watched = core::mem::take(&mut member.triggers.edges);
        for input in &mut watched {
            let waker = Arc::clone(&member.inputs).waker();
            let Some((edges, high)) = self.runner.watch(&input.label, &waker) else {
                continue;
            };
            let changes = [
                (edges.rising.wrapping_sub(input.seen.rising), true),
                (edges.falling.wrapping_sub(input.seen.falling), false),
            ];
            input.seen = edges;
            push_edges(member, input.edge, &input.label, changes, high);
        }
        member.triggers.edges = watched;
    }

    /// Hands messages of guests to who takes them, here and at the edge host.
    fn hand_out(&mut self) {
        let now_ms = self.shared.now_ms();
        self.shared.mail.borrow_mut().wake_late(now_ms);
        loop {
            let letter = self.shared.mail.borrow_mut().next();
            let Some((origin, message)) = letter else {
                return;
            };
            self.shared.messages.update(|count| count.wrapping_add(1));
            if !self.shared.mail.borrow().is_inbox(&message.subject) {
                self.tell_message(&origin, &message);
            }
            self.deliver(message);
        }
    }

    /// Says to the edge host what a guest sent.
    fn tell_message(&self, origin: &Origin, message: &Message) {
        let reply = message.reply_to.as_deref();
        let fields = [
            ("wl", Field::Text(&origin.workload)),
            ("sub", Field::Text(&message.subject)),
            ("data", Field::Bytes(&message.body)),
            ("reply", Field::Text(reply.unwrap_or_default())),
        ];
        let count = fields.len() - usize::from(reply.is_none());
        let (now_ms, mut events) = (self.shared.now_ms(), self.shared.events.borrow_mut());
        events.push_from_guest(now_ms, "message", &fields[..count]);
    }

    /// Gives a message to every component that takes its subject, or to the request that awaits it. Returns how many got it.
    pub fn deliver(&mut self, message: Message) -> usize {
        let Some(message) = self.shared.mail.borrow_mut().answer(message) else {
            return 1;
        };
        let members = self
            .workloads
            .iter_mut()
            .flat_map(|workload| &mut workload.members);
        members
            .filter(|member| member.triggers.takes(&message.subject))
            .filter_map(|member| member.push(Call::Message(message.clone())).then_some(()))
            .count()
    }
}

/// Says how many calls were dropped because the component was too slow for them.
fn tell_dropped<G>(shared: &Shared, member: &mut Member<G>) {
    let dropped = member.take_dropped();
    if dropped > 0 {
        shared.emit(
            "dropped",
            &[
                ("wl", Field::Text(&member.origin.workload)),
                ("ver", Field::Text(&member.origin.version)),
                ("comp", Field::Text(&member.origin.component)),
                ("count", Field::Unsigned(u64::from(dropped))),
            ],
        );
    }
}

/// Queues a call for each change that counts, in the order in which they were, as far as two counters tell it: the last one led to
/// the level that the input has.
fn push_edges<G>(
    member: &mut Member<G>,
    edge: Edge,
    label: &str,
    changes: [(u32, bool); 2],
    high: bool,
) {
    let total = changes[0].0.saturating_add(changes[1].0);
    let mut level = high != total.is_multiple_of(2);
    // More than fit the queue are not looked at one by one.
    for _ in 0..total.min(2 * MOST_WAITING as u32) {
        let counts = match edge {
            Edge::Rising => level,
            Edge::Falling => !level,
            Edge::Any => true,
        };
        if counts {
            member.push(Call::Edge {
                label: label.into(),
                high: level,
            });
        }
        level = !level;
    }
}
