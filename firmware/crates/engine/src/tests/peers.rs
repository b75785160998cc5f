//! Components of one workload that call each other through the host.

use std::boxed::Box;
use std::format;
use std::string::String;
use std::task::{Context, Poll, Waker};

use petiole_interfaces::Limits;
use petiole_interfaces::double::Recorder;

use super::{compile, granted};
use crate::{Call, Deployment, Engine, Guest, LoadError, Outcome, Stop, StopKind};

const INTERFACE: &str = "demo:math/sums@0.1.0";

/// Exports `sum` of a pair of numbers, with the core body `body`.
fn provider(body: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "sum") (param i32 i32) (result i32) {body}))
            (core instance $i (instantiate $m))
            (func $sum (param "pair" (tuple u32 u32)) (result u32) (canon lift (core func $i "sum")))
            (instance $sums (export "sum" (func $sum)))
            (export "{INTERFACE}" (instance $sums)))"#
    )
}

/// Calls `sum` with 40 and 2 and answers with an error of as many bytes.
fn consumer(kind: &str) -> String {
    format!(
        r#"(component
            (import "{INTERFACE}" (instance $sums (export "sum" (func {kind}))))
            (core module $memories (memory (export "memory") 4096 (pagesize 1)))
            (core instance $memory (instantiate $memories))
            (core func $sum (canon lower (func $sums "sum")))
            (core module $m
                (import "memory" "memory" (memory 1 (pagesize 1)))
                (import "" "sum" (func $sum (param i32 i32) (result i32)))
                (func (export "run") (result i32)
                    (i32.store8 (i32.const 1024) (i32.const 1))
                    (i32.store (i32.const 1032) (call $sum (i32.const 40) (i32.const 2)))
                    (i32.const 1024)))
            (core instance $given (export "sum" (func $sum)))
            (core instance $i (instantiate $m (with "memory" (instance $memory)) (with "" (instance $given))))
            (func $run (result (result (error string)))
                (canon lift (core func $i "run") (memory (core memory $memory "memory"))))
            (instance $handler (export "run" (func $run)))
            (export "petiole:schedule/handler@0.1.0" (instance $handler)))"#
    )
}

const SUM: &str = "(param \"pair\" (tuple u32 u32)) (result u32)";

fn granted_peer(name: &str) -> Deployment {
    granted(&[(INTERFACE, &[name])])
}

fn load(text: &str, deployment: Deployment, peers: &[(&str, &Guest)]) -> Result<Guest, LoadError> {
    let engine = Engine::new(Default::default());
    engine.load_bytes(
        compile(text),
        deployment,
        Box::new(Recorder::new().0),
        peers,
    )
}

fn both(body: &str, limits: Limits) -> (Guest, Guest) {
    let deployment = Deployment {
        limits,
        ..Deployment::default()
    };
    let provider = load(&provider(body), deployment, &[]).expect("a sound provider");
    let consumer = load(&consumer(SUM), granted_peer("math"), &[("math", &provider)]);
    (provider, consumer.unwrap_or_else(|error| panic!("{error}")))
}

/// Gives both their turns until the consumer's call has ended; how the provider stopped, if it did.
pub fn run(provider: &mut Guest, consumer: &mut Guest) -> (Result<Outcome, Stop>, Option<Stop>) {
    let mut context = Context::from_waker(Waker::noop());
    let mut stopped = None;
    consumer.begin(Call::Run);
    for _ in 0..2_000 {
        if let Poll::Ready(result) = consumer.poll(&mut context) {
            return (result, stopped);
        }
        if let Poll::Ready(Err(stop)) = provider.poll(&mut context) {
            stopped = Some(stop);
        }
    }
    panic!("the call does not end");
}

#[test]
fn a_call_goes_to_the_peer_and_its_result_comes_back() {
    let (mut provider, mut consumer) =
        both("(i32.add (local.get 0) (local.get 1))", Limits::default());
    for _ in 0..2 {
        let (result, stopped) = run(&mut provider, &mut consumer);
        let text = result.expect("a good call").result.expect_err("a text");
        assert_eq!((text.len(), stopped), (42, None));
    }
}

#[test]
fn each_side_pays_with_its_own_fuel() {
    let rounds = "(local $n i32)
        (loop (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5000))))
        (i32.const 3)";
    let (mut provider, mut consumer) = both(rounds, Limits::default());
    let (result, _) = run(&mut provider, &mut consumer);
    assert!(result.expect("a good call").fuel < 100);
    assert!(provider.usage().fuel > 20_000);
}

#[test]
fn a_provider_that_stops_ends_the_call_with_its_reason() {
    for (body, reason, kind) in [
        (
            "(unreachable)",
            "component math: trap: unreachable",
            StopKind::Trap("unreachable"),
        ),
        (
            "(loop (br 0)) (unreachable)",
            "component math: fuel",
            StopKind::Fuel,
        ),
    ] {
        let (mut provider, mut consumer) = both(body, Limits::default());
        let (result, stopped) = run(&mut provider, &mut consumer);
        let stop = result.expect_err("a stop");
        assert_eq!(stop.kind, StopKind::Error);
        assert!(stop.message.starts_with(reason), "{stop}");
        assert_eq!(stopped.expect("it stopped, too").kind, kind);
    }
}

#[test]
fn a_provider_that_is_gone_ends_the_call() {
    let mut context = Context::from_waker(Waker::noop());
    let (provider, mut consumer) = both("(i32.const 0)", Limits::default());
    drop(provider);
    consumer.begin(Call::Run);
    let Poll::Ready(Err(stop)) = consumer.poll(&mut context) else {
        panic!("the call goes on");
    };
    assert!(
        stop.message.contains("component math: it does not run"),
        "{stop}"
    );
}

#[test]
fn a_provider_dropped_in_the_call_ends_it() {
    let mut context = Context::from_waker(Waker::noop());
    let (mut provider, mut consumer) = both("(loop (br 0)) (unreachable)", Limits::default());
    consumer.begin(Call::Run);
    assert!(consumer.poll(&mut context).is_pending());
    assert!(provider.poll(&mut context).is_pending());
    drop(provider);
    let Poll::Ready(Err(stop)) = consumer.poll(&mut context) else {
        panic!("the call goes on");
    };
    assert!(
        stop.message.contains("component math: it was stopped"),
        "{stop}"
    );
}

#[test]
fn a_peer_that_is_not_granted_or_not_there_is_refused_by_the_imports_name() {
    let sums = load(&provider("(i32.const 0)"), Deployment::default(), &[]).expect("sound");
    let peers = [("math", &sums)];
    for (deployment, peers, error) in [
        (
            Deployment::default(),
            &peers[..],
            LoadError::NotGranted(INTERFACE.into()),
        ),
        (
            granted_peer("other"),
            &peers[..],
            LoadError::UnknownImport(INTERFACE.into()),
        ),
        (
            granted_peer("math"),
            &[],
            LoadError::UnknownImport(INTERFACE.into()),
        ),
    ] {
        assert_eq!(load(&consumer(SUM), deployment, peers).err(), Some(error));
    }
}

#[test]
fn a_function_of_another_type_is_refused() {
    let sums = load(&provider("(i32.const 0)"), Deployment::default(), &[]).expect("sound");
    for kind in [
        "(param \"one\" u32) (param \"other\" s32) (result u32)",
        "(param \"pair\" (tuple u32 s32)) (result u32)",
        "(param \"pair\" (tuple u32 (tuple u32))) (result u32)",
        "(param \"pair\" (result u32 (error u32))) (result u32)",
        "(param \"pair\" (option u32)) (result u32)",
        "(param \"pair\" (tuple u32 u32)) (result char)",
    ] {
        let refused = load(&consumer(kind), granted_peer("math"), &[("math", &sums)]).err();
        assert!(
            matches!(&refused, Some(LoadError::Incompatible(text)) if text.contains("no sum of this type")),
            "{kind}: {refused:?}"
        );
    }
}

#[test]
fn resources_do_not_cross() {
    let text = format!(
        r#"(component
            (import "{INTERFACE}" (instance (export "thing" (type (sub resource))))))"#
    );
    let sums = load(&provider("(i32.const 0)"), Deployment::default(), &[]).expect("sound");
    let refused = load(&text, granted_peer("math"), &[("math", &sums)]).err();
    assert!(
        matches!(&refused, Some(LoadError::Incompatible(text)) if text.contains("plain values")),
        "{refused:?}"
    );
}
