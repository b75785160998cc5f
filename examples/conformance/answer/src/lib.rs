//! Answers each request with its bytes in reverse; the conformance guest `messaging` asks.
#![no_std]

extern crate alloc;

use alloc::string::String;

use petiole_guest::MessageHandler;
use petiole_guest::bindings::wasmcloud::messaging::types::BrokerMessage;
use petiole_guest::messages::publish;

struct Answer;

impl MessageHandler for Answer {
    fn handle_message(message: BrokerMessage) -> Result<(), String> {
        let Some(subject) = message.reply_to else {
            return Ok(());
        };
        let mut body = message.body;
        body.reverse();
        publish(&BrokerMessage {
            subject,
            body,
            reply_to: None,
        })
    }
}

petiole_guest::component!(Answer, heap: 2048);
