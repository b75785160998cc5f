//! `wasmcloud:messaging`, consumer and handler: messages by subject.
//!
//! The guest may send to `conformance.echo`, where the other component answers with the bytes in reverse, to `conformance.silence`,
//! where nobody listens, and to `conformance.self.*`; it is called with what is sent to `conformance.self.>`.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use conformance_report::checks;
use petiole_guest::bindings::wasmcloud::messaging::types::BrokerMessage;
use petiole_guest::messages::{publish, request};
use petiole_guest::{Handler, MessageHandler, monotonic_clock};

const MILLISECOND: u64 = 1_000_000;

/// Times that the schedule's handler was called.
static RUNS: AtomicU32 = AtomicU32::new(0);
/// Messages that came, and those of them that were as they were sent.
static CAME: AtomicU32 = AtomicU32::new(0);
static SOUND: AtomicU32 = AtomicU32::new(0);

fn count(value: &AtomicU32) -> u32 {
    let count = value.load(Ordering::Relaxed);
    value.store(count + 1, Ordering::Relaxed);
    count
}

fn message(subject: &str, body: &[u8]) -> BrokerMessage {
    BrokerMessage {
        subject: subject.to_string(),
        body: body.to_vec(),
        reply_to: None,
    }
}

fn is_refused<T>(answer: Result<T, String>, word: &str) -> bool {
    answer.is_err_and(|text| text.starts_with(word))
}

checks! {
    /// A message that a filter of the component's triggers lets through calls its handler, once.
    fn a_subscriber_is_called() -> bool {
        CAME.load(Ordering::Relaxed) == 1
    }

    /// Subject, body and reply subject come as they were sent.
    fn a_message_comes_as_it_was_sent() -> bool {
        SOUND.load(Ordering::Relaxed) == 1
    }

    /// A subject that no filter of the grant lets through is refused: `not-granted`.
    fn another_subject_is_refused() -> bool {
        is_refused(publish(&message("other", b"")), "not-granted")
            && is_refused(publish(&message("conformance.self", b"")), "not-granted")
            && is_refused(publish(&message("conformance.self.a.b", b"")), "not-granted")
            && is_refused(request("other", b"", 100), "not-granted")
    }

    /// A subject with wildcards or empty tokens is refused: `invalid`.
    fn a_filter_is_no_subject() -> bool {
        ["conformance.self.*", "conformance.self.", ">", ""]
            .into_iter()
            .all(|subject| is_refused(publish(&message(subject, b"")), "invalid"))
    }

    /// A message that nobody wants is taken.
    fn nobody_need_listen() -> bool {
        publish(&message("conformance.silence", b"hello")).is_ok()
    }

    /// A request gets the answer that its receiver sent to the reply subject.
    fn a_request_is_answered() -> bool {
        request("conformance.echo", b"stressed", 5_000).is_ok_and(|answer| answer.body == b"desserts")
    }

    /// Bodies are any bytes, and none.
    fn bodies_are_any_bytes() -> bool {
        let all: Vec<u8> = (0..=255).collect();
        let back: Vec<u8> = (0..=255).rev().collect();
        request("conformance.echo", &all, 5_000).is_ok_and(|answer| answer.body == back)
            && request("conformance.echo", b"", 5_000).is_ok_and(|answer| answer.body.is_empty())
    }

    /// A request that nobody answers ends after its time, not before: `timeout`.
    fn a_request_ends_after_its_time() -> bool {
        let start = monotonic_clock::now();
        is_refused(request("conformance.silence", b"hello?", 200), "timeout")
            && monotonic_clock::now() - start >= 200 * MILLISECOND
    }
}

struct Guest;

impl MessageHandler for Guest {
    fn handle_message(message: BrokerMessage) -> Result<(), String> {
        count(&CAME);
        if message.subject == "conformance.self.one"
            && message.body == b"\0 body \xff"
            && message.reply_to.as_deref() == Some("conformance.nowhere")
        {
            count(&SOUND);
        }
        Ok(())
    }
}

impl Handler for Guest {
    fn run() -> Result<(), String> {
        if count(&RUNS) > 0 {
            return conformance_report::report(CHECKS);
        }
        publish(&BrokerMessage {
            reply_to: Some("conformance.nowhere".to_string()),
            ..message("conformance.self.one", b"\0 body \xff")
        })
    }
}

petiole_guest::component!(Guest, heap: 4096);
