//! The adapters of interfaces, called as the generated code calls them.

use std::boxed::Box;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::string::{String, ToString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::vec;
use std::vec::Vec;

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin};
use petiole_interfaces::double::{Heard, Recorder};
use petiole_interfaces::gpio::Watched;
use petiole_interfaces::{Device, Devices, Message, MessageError, Resource, telemetry};

use super::granted;
use crate::Deployment;
use crate::bindings::wasi::clocks::monotonic_clock::Host as _;
use crate::bindings::wasi::gpio::digital_async::{Host as _, HostInputWaitPin as _, WaitError};
use crate::bindings::wasi::io::poll::{Host as _, HostPollable as _};
use crate::bindings::wasi::keyvalue::atomics::Host as _;
use crate::bindings::wasi::keyvalue::store::{Error, Host as _, HostBucket as _};
use crate::bindings::wasmcloud::messaging::consumer::Host as _;
use crate::bindings::wasmcloud::messaging::types::BrokerMessage;
use crate::hosts::Waits;
use crate::mailbox::Mailbox;
use crate::state::{Memory, State};

/// Counts how often somebody was woken.
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn state(devices: Devices, deployment: Deployment) -> (State, Rc<RefCell<Heard>>) {
    let engine = wasmtime::Engine::default();
    let empty = wasmtime::component::Component::new(&engine, "(component)").expect("a component");
    let (port, heard) = Recorder::new();
    let state = State {
        telemetry: telemetry::meter(&deployment.limits, 0),
        memory: Memory::new(0, Mailbox::new(empty)),
        port: Box::new(port),
        devices,
        grants: deployment.grants,
        config: deployment.config,
        limits: deployment.limits,
        waits: Waits::default(),
    };
    (state, heard)
}

fn message(subject: &str) -> BrokerMessage {
    BrokerMessage {
        subject: subject.to_string(),
        body: b"body".to_vec(),
        reply_to: None,
    }
}

fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

const MESSAGES: (&str, &[&str]) = ("wasmcloud:messaging/consumer@0.2.0", &["room.*", "hall.>"]);

#[test]
fn messages_go_where_a_filter_of_the_grant_lets_them() {
    let (mut state, heard) = state(Devices::default(), granted(&[MESSAGES]));
    for (subject, answer) in [
        ("room.one", Ok(())),
        ("hall.a.b", Ok(())),
        ("_INBOX.edge.1", Ok(())),
        ("room.one.two", Err("not-granted")),
        ("hall", Err("not-granted")),
        ("room.*", Err("invalid-subject")),
        ("", Err("invalid-subject")),
    ] {
        let given = state.publish(message(subject)).expect("no trap");
        assert_eq!(given, answer.map_err(String::from), "{subject}");
    }
    let bad_reply = BrokerMessage {
        reply_to: Some("a..b".to_string()),
        ..message("room.one")
    };
    assert_eq!(
        state.publish(bad_reply).expect("no trap"),
        Err("invalid-subject".to_string())
    );
    let sent: Vec<String> = heard
        .borrow()
        .messages
        .iter()
        .map(|message| message.subject.clone())
        .collect();
    assert_eq!(sent, ["room.one", "hall.a.b", "_INBOX.edge.1"]);
}

#[test]
fn a_request_waits_for_its_answer() {
    let (mut state, heard) = state(Devices::default(), granted(&[MESSAGES]));
    let woken = Arc::new(Woken(AtomicU32::new(0)));
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    {
        let mut request = pin!(state.request("room.one".to_string(), vec![1], 50));
        assert!(request.as_mut().poll(&mut context).is_pending());
        let reply = Message {
            subject: "_INBOX.1".to_string(),
            body: vec![2],
            reply_to: None,
        };
        heard.borrow_mut().answers.push_back(Ok(reply));
        heard.borrow_mut().waker.take().expect("who waits").wake();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        let Poll::Ready(Ok(Ok(answer))) = request.as_mut().poll(&mut context) else {
            panic!("an answer");
        };
        assert_eq!(answer.body, [2]);
    }
    heard
        .borrow_mut()
        .answers
        .push_back(Err(MessageError::Timeout));
    let answer = once(state.request("room.one".to_string(), vec![], 50));
    assert!(matches!(answer, Poll::Ready(Ok(Err(text))) if text == "timeout"));
    let answer = once(state.request("other".to_string(), vec![], 50));
    assert!(matches!(answer, Poll::Ready(Ok(Err(text))) if text == "not-granted"));
}

#[test]
fn a_bucket_is_one_of_the_grant() {
    let grant = ("wasi:keyvalue/store@0.2.0-draft", &["a", "b"][..]);
    let (mut state, _) = state(Devices::default(), granted(&[grant]));
    let open = |state: &mut State, name: &str| state.open(name.to_string()).expect("no trap");
    assert!(matches!(open(&mut state, "c"), Err(Error::AccessDenied)));
    let (Ok(a), Ok(b)) = (open(&mut state, "a"), open(&mut state, "b")) else {
        panic!("both are granted");
    };
    let key = || "key".to_string();
    let (rep_a, rep_b) = (a.rep(), b.rep());
    let handle = wasmtime::component::Resource::new_borrow;
    assert!(matches!(
        state.set(handle(rep_a), key(), vec![1]),
        Ok(Ok(()))
    ));
    assert!(matches!(state.get(handle(rep_b), key()), Ok(Ok(None))));
    assert!(matches!(state.get(handle(rep_a), key()), Ok(Ok(Some(value))) if value == [1]));
    assert!(matches!(
        state.increment(handle(rep_a), key(), 1),
        Ok(Err(Error::Other(text))) if text == "not-a-number"
    ));
    assert!(matches!(
        state.increment(handle(rep_b), key(), 7),
        Ok(Ok(7))
    ));
    assert!(matches!(
        state.set(handle(rep_a), String::new(), vec![]),
        Ok(Err(Error::Other(text))) if text == "invalid-key"
    ));
}

#[test]
fn a_poll_asks_for_the_earliest_time_and_names_what_is_ready() {
    let (mut state, heard) = state(Devices::default(), Deployment::default());
    let late = state.subscribe_duration(900).expect("a pollable").rep();
    let soon = state.subscribe_instant(400).expect("a pollable").rep();
    let handle = wasmtime::component::Resource::new_borrow;
    assert!(once(state.poll(vec![handle(late), handle(soon)])).is_pending());
    assert_eq!(heard.borrow().wake_at, Some(400));
    heard.borrow_mut().now = 400;
    let ready = once(state.poll(vec![handle(late), handle(soon), handle(soon)]));
    assert!(matches!(ready, Poll::Ready(Ok(places)) if places == [1, 2]));
    assert!(matches!(state.ready(handle(late)), Ok(false)));
    assert!(matches!(
        once(state.block(handle(soon))),
        Poll::Ready(Ok(()))
    ));
    assert!(matches!(once(state.poll(vec![])), Poll::Ready(Err(_))));
}

/// A pin whose level the test sets.
struct Level(Rc<RefCell<bool>>);

impl ErrorType for Level {
    type Error = ErrorKind;
}

impl InputPin for Level {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        Ok(*self.0.borrow())
    }

    fn is_low(&mut self) -> Result<bool, ErrorKind> {
        Ok(!*self.0.borrow())
    }
}

#[test]
fn a_wait_for_an_edge_is_woken_by_it() {
    let level = Rc::new(RefCell::new(false));
    let watched = Watched::new(Level(level.clone())).expect("a sound pin");
    let input = &*Box::leak(Box::new(RefCell::new(watched)));
    let table = Box::leak(Box::new([Device {
        label: "button",
        resource: Resource::Input(input),
    }]));
    let grant = ("wasi:gpio/digital-async@0.2.0", &["button"][..]);
    let (mut state, _) = state(Devices::new(table), granted(&[grant]));
    let handle = wasmtime::component::Resource::new_borrow;
    assert!(matches!(
        state.open_input_wait("other".to_string()),
        Ok(Err(_))
    ));
    let Ok(Ok(pin)) = state.open_input_wait("button".to_string()) else {
        panic!("the button is granted");
    };
    let pin = pin.rep();
    assert!(matches!(
        state.finish_wait(handle(pin)),
        Ok(Err(WaitError::NotInProgress))
    ));
    assert!(matches!(
        state.start_wait_rising_edge(handle(pin)),
        Ok(Ok(()))
    ));
    assert!(matches!(
        state.finish_wait(handle(pin)),
        Ok(Err(WaitError::WouldBlock))
    ));
    let pollable = state.subscribe(handle(pin)).expect("a pollable").rep();
    let woken = Arc::new(Woken(AtomicU32::new(0)));
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    {
        let mut poll = pin!(state.poll(vec![handle(pollable)]));
        assert!(poll.as_mut().poll(&mut context).is_pending());
        for high in [true, false] {
            *level.borrow_mut() = high;
            input.borrow_mut().sample().expect("a sound pin");
        }
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(
            matches!(poll.as_mut().poll(&mut context), Poll::Ready(Ok(places)) if places == [0])
        );
    }
    assert!(matches!(state.finish_wait(handle(pin)), Ok(Ok(()))));
    assert!(matches!(
        state.finish_wait(handle(pin)),
        Ok(Err(WaitError::NotInProgress))
    ));
}
