//! `wasmcloud:messaging/consumer` over the guest's port.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::{Context, Poll};

use petiole_interfaces::messages::{INBOX, Message, MessageError, is_subject, matches};

use super::item::{Async, Item, answer, wait};
use crate::bindings::wasmcloud::messaging::consumer;
use crate::bindings::wasmcloud::messaging::types::{self, BrokerMessage};
use crate::state::State;
use crate::value::{Results, Taken, Value};

const INTERFACE: &str = "wasmcloud:messaging/consumer";

impl State {
    /// Whether the component may send there: its grant's labels are filters.
    fn check_subject(&self, subject: &str) -> Result<(), MessageError> {
        if !is_subject(subject) {
            return Err(MessageError::InvalidSubject);
        }
        let granted = subject.starts_with(INBOX)
            || self
                .grants
                .labels(INTERFACE)
                .any(|filter| matches(filter, subject));
        if granted {
            Ok(())
        } else {
            Err(MessageError::NotGranted)
        }
    }

    fn post(&mut self, message: BrokerMessage) -> Result<(), MessageError> {
        self.check_subject(&message.subject)?;
        if !message.reply_to.as_deref().is_none_or(is_subject) {
            return Err(MessageError::InvalidSubject);
        }
        self.port.publish(Message {
            subject: message.subject,
            body: message.body,
            reply_to: message.reply_to,
        })
    }

    async fn ask(
        &mut self,
        subject: String,
        body: Vec<u8>,
        timeout_ms: u32,
    ) -> Result<Message, MessageError> {
        self.check_subject(&subject)?;
        let message = Message {
            subject,
            body,
            reply_to: None,
        };
        let ticket = self.port.request(message, timeout_ms)?;
        poll_fn(|context| self.reply(ticket, context)).await
    }

    fn reply(
        &mut self,
        ticket: u32,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, MessageError>> {
        self.port.reply(ticket, context)
    }
}

impl types::Host for State {}

impl consumer::Host for State {
    async fn request(
        &mut self,
        subject: String,
        body: Vec<u8>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<BrokerMessage, String>> {
        let answer = self.ask(subject, body, timeout_ms).await;
        Ok(answer
            .map(|message| BrokerMessage {
                subject: message.subject,
                body: message.body,
                reply_to: message.reply_to,
            })
            .map_err(|error| error.text().into()))
    }

    fn publish(&mut self, message: BrokerMessage) -> wasmtime::Result<Result<(), String>> {
        Ok(self.post(message).map_err(|error| error.text().into()))
    }
}

impl From<BrokerMessage> for Value {
    fn from(message: BrokerMessage) -> Self {
        Self::many([
            message.subject.into(),
            message.body.into(),
            message.reply_to.into(),
        ])
    }
}

pub const CONSUMER: &[Item] = &[
    Item::Function("publish", 7, |state, call| {
        let mut fields = call.many()?;
        let (subject, body) = (fields.text()?, fields.bytes()?);
        let reply_to = match fields.case()? {
            (0, _) => None,
            (_, mut subject) => Some(subject.text()?),
        };
        answer(consumer::Host::publish(
            state,
            BrokerMessage {
                subject,
                body,
                reply_to,
            },
        ))
    }),
    Item::Own(|instance| {
        let request: Async<5, 1> = Box::new(|mut store, all| {
            Box::new(async move {
                let mut call = Taken::from(all);
                let (subject, body) = (call.text()?, call.bytes()?);
                let timeout = call.number()? as u32;
                let state = store.data_mut();
                let reply = consumer::Host::request(state, subject, body, timeout).await;
                answer(reply).map(Results)
            })
        });
        wait(instance, "request", request)
    }),
];
