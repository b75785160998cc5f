//! Messages on their way between guests, and requests that wait for an answer.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use petiole_interfaces::messages::{INBOX, Message, MessageError};

use crate::decimal::push_decimal;
use crate::member::Origin;
use crate::schedule::NEVER;

/// Messages that wait to be handed out, and requests that wait for an answer.
const MOST: usize = 16;

/// A message, and whose it is.
pub type Letter = (Rc<Origin>, Message);

struct Request {
    ticket: u32,
    port: u32,
    inbox: String,
    deadline_ms: u64,
    answer: Option<Message>,
    waker: Option<Waker>,
}

/// The messages of all guests.
#[derive(Default)]
pub struct Mail {
    /// The subjects of inboxes begin so.
    prefix: String,
    letters: VecDeque<Letter>,
    requests: Vec<Request>,
    ticket: u32,
}

impl Mail {
    /// Makes inboxes that no other device and no other boot has.
    pub fn set_prefix(&mut self, device: &str, boot: u32) {
        self.prefix = [INBOX, device, "."].concat();
        push_decimal(&mut self.prefix, boot);
        self.prefix.push('.');
    }

    /// Whether messages of this subject are for requests of this boot alone.
    pub fn is_inbox(&self, subject: &str) -> bool {
        subject.starts_with(&self.prefix)
    }

    /// Takes a message of a guest.
    pub fn send(&mut self, origin: &Rc<Origin>, message: Message) -> Result<(), MessageError> {
        if self.letters.len() >= MOST {
            return Err(MessageError::Full);
        }
        self.letters.push_back((origin.clone(), message));
        Ok(())
    }

    /// Takes a message of a guest that wants an answer.
    pub fn request(
        &mut self,
        port: u32,
        origin: &Rc<Origin>,
        mut message: Message,
        deadline_ms: u64,
    ) -> Result<u32, MessageError> {
        if self.requests.len() >= MOST {
            return Err(MessageError::Full);
        }
        let ticket = self.ticket.wrapping_add(1);
        let mut inbox = self.prefix.clone();
        push_decimal(&mut inbox, ticket);
        message.reply_to = Some(inbox.clone());
        self.send(origin, message)?;
        self.ticket = ticket;
        self.requests.push(Request {
            ticket,
            port,
            inbox,
            deadline_ms,
            answer: None,
            waker: None,
        });
        Ok(ticket)
    }

    /// The answer to a request; the waker is called when it is there or the time is over.
    pub fn poll(
        &mut self,
        port: u32,
        ticket: u32,
        now_ms: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, MessageError>> {
        let place = self
            .requests
            .iter()
            .position(|request| (request.port, request.ticket) == (port, ticket));
        let Some(place) = place else {
            return Poll::Ready(Err(MessageError::Timeout));
        };
        let request = &mut self.requests[place];
        if request.answer.is_none() && now_ms < request.deadline_ms {
            request.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        let answer = self.requests.swap_remove(place).answer;
        Poll::Ready(answer.ok_or(MessageError::Timeout))
    }

    /// Gives a message to the request that awaits it; the message comes back when there is none.
    pub fn answer(&mut self, message: Message) -> Option<Message> {
        let awaits = |request: &&mut Request| request.inbox == message.subject;
        match self.requests.iter_mut().find(awaits) {
            Some(request) => {
                request.answer.get_or_insert(message);
                request.waker.take().inspect(Waker::wake_by_ref);
                None
            }
            None => Some(message),
        }
    }

    /// The oldest message that waits to be handed out.
    pub fn next(&mut self) -> Option<Letter> {
        self.letters.pop_front()
    }

    /// Wakes whoever waited in vain.
    pub fn wake_late(&mut self, now_ms: u64) {
        for request in &mut self.requests {
            if request.deadline_ms <= now_ms {
                request.waker.take().inspect(Waker::wake_by_ref);
            }
        }
    }

    /// When there is something to do, milliseconds since the start; 0 for at once, [`NEVER`] while nothing waits.
    pub fn next_due(&self) -> u64 {
        if !self.letters.is_empty() {
            return 0;
        }
        let mut due = NEVER;
        for request in &self.requests {
            if request.waker.is_some() {
                due = due.min(request.deadline_ms);
            }
        }
        due
    }

    /// Forgets the requests of a guest that is gone.
    pub fn close(&mut self, port: u32) {
        self.requests.retain(|request| request.port != port);
    }
}
