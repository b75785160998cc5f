//! Guests that wait, and guests that compute, beside each other.

use std::rc::Rc;
use std::string::String;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use petiole_interfaces::Limits;

use super::{component, finish, granted, load, run};
use crate::task::SLICE;
use crate::{Call, Deployment, Guest, StopKind};

const CLOCK: &str = r#"
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $waited (eq $outer)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $waited))))))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $close (canon resource.drop $pollable))"#;

const FUNCTIONS: [(&str, &str); 3] = [
    ("subscribe", "(param i64) (result i32)"),
    ("block", "(param i32)"),
    ("close", "(param i32)"),
];

/// Waits a second, then answers well.
fn sleeper() -> String {
    let body = "(local $wait i32) (local.set $wait (call $subscribe (i64.const 1000000000)))
        (call $block (local.get $wait)) (call $close (local.get $wait)) (i32.const 1024)";
    component(CLOCK, &FUNCTIONS, "", body)
}

fn with_clock() -> Deployment {
    granted(&[
        ("wasi:io/poll@0.2.0", &[]),
        ("wasi:clocks/monotonic-clock@0.2.0", &[]),
    ])
}

/// Counts to 20,000; about seven units of fuel a round.
fn counter() -> String {
    let body = "(local $n i32)
        (loop (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20000))))
        (i32.const 1024)";
    component("", &[], "", body)
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll(guest: &mut Guest, woken: &Arc<Woken>) -> bool {
    let waker = Waker::from(woken.clone());
    match guest.poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(result) => {
            assert_eq!(result.expect("a good call").result, Ok(()));
            true
        }
        Poll::Pending => false,
    }
}

#[test]
fn a_guest_that_waits_holds_nobody_and_goes_on_in_time() {
    let (mut sleeper, heard) = load(&sleeper(), with_clock());
    let (mut other, _) = load(
        &component("", &[], "", "(i32.const 1024)"),
        Deployment::default(),
    );
    let woken = Arc::new(Woken::default());
    sleeper.begin(Call::Run);
    assert!(!poll(&mut sleeper, &woken));
    assert_eq!(heard.borrow().wake_at, Some(1_000_000_000));
    for _ in 0..3 {
        assert_eq!(run(&mut other).expect("a good call").result, Ok(()));
    }
    heard.borrow_mut().now = 999_999_999;
    assert!(!poll(&mut sleeper, &woken));
    heard.borrow_mut().now = 1_000_000_000;
    assert!(poll(&mut sleeper, &woken));
}

#[test]
fn a_guest_that_computes_gives_way_after_each_slice_and_wants_to_go_on() {
    let (mut guest, _) = load(&counter(), Deployment::default());
    let woken = Arc::new(Woken::default());
    let before = guest.usage().fuel;
    guest.begin(Call::Run);
    let mut turns = 0;
    while !poll(&mut guest, &woken) {
        turns += 1;
        assert!(
            woken.0.swap(0, Ordering::Relaxed) > 0,
            "it asks for its next turn"
        );
        assert_eq!(
            guest.usage().fuel - before,
            turns * SLICE,
            "a turn costs a slice"
        );
    }
    let used = guest.usage().fuel - before;
    let slices = used / SLICE;
    assert!(
        (turns..turns + 2).contains(&slices),
        "{slices} in {turns} turns"
    );
}

#[test]
fn two_busy_guests_share_turn_by_turn() {
    let (mut one, _) = load(&counter(), Deployment::default());
    let (mut other, _) = load(&counter(), Deployment::default());
    let woken = Arc::new(Woken::default());
    one.begin(Call::Run);
    other.begin(Call::Run);
    while !poll(&mut one, &woken) {
        assert!(!poll(&mut other, &woken));
    }
    assert!(poll(&mut other, &woken));
}

#[test]
fn a_start_without_end_is_stopped_by_fuel_like_a_call() {
    let text = component("", &[], "", "(i32.const 1024)").replace(
        "(func (export \"run\")",
        "(start $forever) (func $forever (loop (br 0))) (func (export \"run\")",
    );
    let (mut guest, _) = load(&text, Deployment::default());
    let stop = finish(&mut guest).expect_err("a stop");
    assert_eq!(stop.kind, StopKind::Fuel);
    assert_eq!(stop.usage.fuel, Limits::default().fuel);
}

#[test]
fn a_guest_dropped_in_a_call_frees_all_it_had() {
    let (mut guest, heard) = load(&sleeper(), with_clock());
    guest.begin(Call::Run);
    assert!(!poll(&mut guest, &Arc::new(Woken::default())));
    assert_eq!(Rc::strong_count(&heard), 2, "the port has it too");
    let mailbox = Rc::downgrade(&guest.mailbox);
    drop(guest);
    assert_eq!(Rc::strong_count(&heard), 1);
    assert!(mailbox.upgrade().is_none());
}

#[test]
fn a_stopped_guest_stays_stopped() {
    let (mut guest, _) = load(
        &component("", &[], "", "(unreachable)"),
        Deployment::default(),
    );
    let stop = run(&mut guest).expect_err("a stop");
    assert_eq!(run(&mut guest), Err(stop));
}

#[test]
fn the_machine_stack_is_measured() {
    let (mut guest, _) = load(
        &component("", &[], "", "(i32.const 1024)"),
        Deployment::default(),
    );
    run(&mut guest).expect("a good call");
    let (used, size) = guest.machine_stack();
    assert!(used > 0 && used < size, "{used} of {size}");
}
