//! What a guest's task shares with the rest of the board: calls in, outcomes out, counters.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

use wasmtime::component::Component;

use crate::peer::{Accepted, Request};
use crate::{Call, Outcome, Usage};

/// The one place where a guest and others meet.
pub struct Mailbox {
    /// What the guest runs; its peers look up exports in it.
    pub component: Component,
    /// Fuel of everything that has ended.
    pub fuel: Cell<u64>,
    /// Fuel of what goes on, each turn counted as a whole slice; none while nothing does.
    pub unsettled: Cell<Option<u64>>,
    /// Linear memory, bytes.
    pub memory: Cell<u32>,
    call: RefCell<Option<Box<Call>>>,
    outcome: RefCell<Option<Outcome>>,
    requests: RefCell<VecDeque<Rc<Request>>>,
    waker: RefCell<Option<Waker>>,
    ended: RefCell<Option<String>>,
}

/// What a guest is to do next.
pub enum Job {
    /// A call of its own.
    Call(Box<Call>),
    /// A call by a peer.
    Request(Accepted),
}

impl Mailbox {
    pub fn new(component: Component) -> Rc<Self> {
        Rc::new(Self {
            component,
            fuel: Cell::new(0),
            unsettled: Cell::new(Some(0)),
            memory: Cell::new(0),
            call: RefCell::default(),
            outcome: RefCell::default(),
            requests: RefCell::default(),
            waker: RefCell::default(),
            ended: RefCell::default(),
        })
    }

    /// Asks for a call.
    pub fn begin(&self, call: Call) {
        *self.call.borrow_mut() = Some(Box::new(call));
        self.wake();
    }

    /// Asks for a call on behalf of a peer; when the guest has ended, the request is answered with the reason.
    pub fn request(&self, request: Rc<Request>) {
        match &*self.ended.borrow() {
            Some(reason) => request.answer(Err(reason.clone())),
            None => {
                self.requests.borrow_mut().push_back(request);
                self.wake();
            }
        }
    }

    /// Waits for the next job. While an outcome lies here nothing else is begun.
    pub async fn next(&self) -> Job {
        poll_fn(|_| {
            if self.outcome.borrow().is_some() {
                return Poll::Pending;
            }
            let job = match self.call.take() {
                Some(call) => Job::Call(call),
                None => match self.requests.borrow_mut().pop_front() {
                    Some(request) => Job::Request(Accepted(request)),
                    None => return Poll::Pending,
                },
            };
            self.unsettled.set(Some(0));
            Poll::Ready(job)
        })
        .await
    }

    /// The guest finished its own call.
    pub fn finish(&self, outcome: Outcome) {
        *self.outcome.borrow_mut() = Some(outcome);
    }

    /// The outcome of the guest's own call, once.
    pub fn take_outcome(&self) -> Option<Outcome> {
        let outcome = self.outcome.take();
        if outcome.is_some() && !self.requests.borrow().is_empty() {
            self.wake();
        }
        outcome
    }

    /// Whom to wake when there is something to do.
    pub fn listen(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match &*waker {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => *waker = Some(context.waker().clone()),
        }
    }

    /// The guest is no more: peers that wait, and those that come, get the reason.
    pub fn end(&self, reason: &str) {
        self.ended
            .borrow_mut()
            .get_or_insert_with(|| reason.to_string());
        for request in self.requests.take() {
            request.answer(Err(reason.to_string()));
        }
    }

    pub fn usage(&self) -> Usage {
        Usage {
            fuel: self.fuel.get() + self.unsettled.get().unwrap_or_default(),
            memory: self.memory.get(),
            stack: 0,
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
