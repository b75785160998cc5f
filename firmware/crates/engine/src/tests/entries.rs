//! Every export that a host may call.

use std::format;
use std::string::String;
use std::vec;

use petiole_interfaces::{Devices, Message};

use super::{finish, load, load_on};
use crate::{Call, Deployment, Entry, Guest, LoadError, Outcome, Stop};

/// A component that exports `interface` with `function`: its core function has `parameters` and the body `body`.
fn exporting(interface: &str, function: &str, kind: &str, core: &str, body: &str) -> String {
    format!(
        r#"(component
            (core module $m
                (memory (export "memory") 4096 (pagesize 1))
                (global $next (mut i32) (i32.const 2048))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (local $block i32)
                    (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.set $next (i32.add (local.get $block) (local.get 3)))
                    (local.get $block))
                (func (export "call") {core} {body}))
            (core instance $i (instantiate $m))
            (type $message (record (field "subject" string) (field "body" (list u8)) (field "reply-to" (option string))))
            (import "wasmcloud:messaging/types@0.2.0" (instance $types
                (type $fields (record (field "subject" string) (field "body" (list u8)) (field "reply-to" (option string))))
                (export "broker-message" (type (eq $fields)))))
            (alias export $types "broker-message" (type $broker))
            (func $f {kind} (canon lift (core func $i "call") (memory (core memory $i "memory"))
                (realloc (core func $i "realloc"))))
            (instance $e (export "broker-message" (type $broker)) (export "{function}" (func $f)))
            (export "{interface}" (instance $e)))"#
    )
}

/// An error whose text begins at `$text` and has `$length` bytes.
fn error(text: &str, length: &str) -> String {
    format!(
        "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) {text})
        (i32.store (i32.const 1032) {length}) (i32.const 1024)"
    )
}

fn call(guest: &mut Guest, call: Call) -> Result<Outcome, Stop> {
    guest.begin(call);
    finish(guest)
}

fn granted() -> Deployment {
    super::granted(&[("wasmcloud:messaging/types@0.2.0", &[])])
}

#[test]
fn an_edge_brings_label_and_level() {
    let body = format!(
        "(if (local.get 2) (then {}(return))) {}",
        error("(local.get 0)", "(local.get 1)"),
        error("(local.get 0)", "(i32.const 2)"),
    );
    let text = exporting(
        "petiole:gpio/handler@0.1.0",
        "edge",
        "(param \"label\" string) (param \"high\" bool) (result (result (error string)))",
        "(param i32 i32 i32) (result i32)",
        &body,
    );
    let (mut guest, _) = load(&text, granted());
    for (high, answer) in [(true, "button"), (false, "bu")] {
        let edge = Call::Edge {
            label: "button".into(),
            high,
        };
        let outcome = call(&mut guest, edge).expect("the handler answers");
        assert_eq!(outcome.result, Err(answer.into()));
    }
}

#[test]
fn a_message_brings_subject_body_and_reply() {
    let parameters = "(param i32 i32 i32 i32 i32 i32 i32) (result i32)";
    for (text, length, answer) in [
        ("(local.get 0)", "(local.get 1)", "a.b"),
        ("(local.get 2)", "(local.get 3)", "body"),
        ("(local.get 5)", "(local.get 6)", "reply"),
    ] {
        let component = exporting(
            "wasmcloud:messaging/handler@0.2.0",
            "handle-message",
            "(param \"msg\" $broker) (result (result (error string)))",
            parameters,
            &error(text, length),
        );
        let (mut guest, _) = load(&component, granted());
        let message = Message {
            subject: "a.b".into(),
            body: b"body".to_vec(),
            reply_to: Some("reply".into()),
        };
        let outcome = call(&mut guest, Call::Message(message)).expect("the handler answers");
        assert_eq!(outcome.result, Err(answer.into()));
    }
}

#[test]
fn a_service_has_no_fuel_limit_and_its_end_is_an_outcome() {
    let rounds = "(local $n i32)
        (loop (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))";
    for (code, result) in [
        (0, Ok(())),
        (1, Err("the service ended with an error".into())),
    ] {
        let text = exporting(
            "wasi:cli/run@0.2.0",
            "run",
            "(result (result))",
            "(result i32)",
            &format!("{rounds} (i32.const {code})"),
        );
        let mut deployment = granted();
        deployment.limits.fuel = 1_000;
        let (mut guest, _) = load(&text, deployment);
        let outcome = call(&mut guest, Call::Service).expect("the service ends");
        assert_eq!(outcome.result, result);
        assert!(outcome.fuel > 1_000);
    }
}

#[test]
fn a_trigger_without_its_export_is_refused() {
    for (entry, interface) in [
        (Entry::Schedule, "petiole:schedule/handler@0.1.0"),
        (Entry::Service, "wasi:cli/run@0.2.0"),
        (Entry::Edge, "petiole:gpio/handler@0.1.0"),
        (Entry::Message, "wasmcloud:messaging/handler@0.2.0"),
    ] {
        let deployment = Deployment {
            entries: vec![entry],
            ..Deployment::default()
        };
        let (guest, _) = load_on(Devices::default(), "(component)", deployment);
        assert_eq!(guest.err(), Some(LoadError::NoExport(interface)));
    }
}

#[test]
fn an_export_of_another_type_is_incompatible() {
    let answer = "(result (result (error string)))";
    for (interface, function, kind, core) in [
        (
            "petiole:schedule/handler@0.1.0",
            "run",
            "(result u32)".into(),
            "(result i32)",
        ),
        (
            "petiole:schedule/handler@0.1.0",
            "run",
            format!("(param \"one\" u32) {answer}"),
            "(param i32) (result i32)",
        ),
        (
            "wasi:cli/run@0.2.0",
            "run",
            "(result bool)".into(),
            "(result i32)",
        ),
        (
            "petiole:gpio/handler@0.1.0",
            "edge",
            format!("(param \"label\" string) (param \"high\" u8) {answer}"),
            "(param i32 i32 i32) (result i32)",
        ),
        (
            "wasmcloud:messaging/handler@0.2.0",
            "handle-message",
            format!("(param \"subject\" string) {answer}"),
            "(param i32 i32) (result i32)",
        ),
    ] {
        let text = exporting(interface, function, &kind, core, "(i32.const 0)");
        let (guest, _) = load_on(Devices::default(), &text, granted());
        assert!(
            matches!(guest.err(), Some(LoadError::Incompatible(text)) if text.contains(interface)),
            "{interface} {kind}"
        );
    }
}

#[test]
fn a_call_without_its_export_stops_the_guest() {
    let (mut guest, _) = load("(component)", Deployment::default());
    let stop = call(&mut guest, Call::Run).expect_err("a stop");
    assert!(stop.message.contains("no export"), "{stop}");
}

/// A handler that fails, and whose text counts what cleaned up after it. The answer lies at 16.
const CLEANED: &str = r#"(component
    (core module $m
        (memory (export "memory") 64 (pagesize 1))
        (func (export "run") (result i32)
            (i32.store8 (i32.const 16) (i32.const 1))
            (i32.store (i32.const 20) (i32.const 8)) (i32.store (i32.const 24) (i32.const 1))
            (i32.const 16))
        (func (export "clean") (param i32)
            (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.load8_u (local.get 0)))))
        (data (i32.const 8) "0"))
    (core instance $i (instantiate $m))
    (func $run (result (result (error string))) (canon lift (core func $i "run") (memory (core memory $i "memory"))))
    (instance $handler (export "run" (func $run)))
    (export "petiole:schedule/handler@0.1.0" (instance $handler))
    (func (export "schedule-cleanup") (param "place" u32) (canon lift (core func $i "clean"))))"#;

#[test]
fn an_error_is_cleaned_up_after_where_it_lies() {
    let (mut guest, _) = load(CLEANED, Deployment::default());
    for count in ["0", "1", "2"] {
        let outcome = call(&mut guest, Call::Run).expect("the handler answers");
        assert_eq!(outcome.result, Err(count.into()));
    }
}
