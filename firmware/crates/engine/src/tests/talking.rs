use std::string::ToString;

use petiole_interfaces::{Level, Limits};

use super::{LOGGING, TELEMETRY, component, granted, load, run};
use crate::StopKind;

const LOG: (&str, &str) = ("log", "(param i32 i32 i32 i32 i32)");
const SEND: (&str, &str) = ("send", "(param i32 i32 i32 i32 f64 i32)");

#[test]
fn log_lines_reach_the_port() {
    let body = "(call $log (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 5)) (i32.const 1024)";
    let text = component(LOGGING, &[LOG], "roothello", body);
    let (mut guest, heard) = load(&text, granted(&[("wasi:logging/logging@0.1.0-draft", &[])]));
    assert_eq!(run(&mut guest).expect("a good call").result, Ok(()));
    assert_eq!(
        heard.borrow().lines,
        [(Level::Warn, "root".to_string(), "hello".to_string())]
    );
}

#[test]
fn a_text_longer_than_the_host_call_limit_stops_the_guest() {
    let body = "(call $log (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 300)) (i32.const 1024)";
    let text = component(LOGGING, &[LOG], "root", body);
    let mut deployment = granted(&[("wasi:logging/logging@0.1.0-draft", &[])]);
    deployment.limits = Limits {
        host_call_bytes: 256,
        ..Limits::default()
    };
    let (mut guest, heard) = load(&text, deployment);
    let stop = run(&mut guest).expect_err("a stop");
    assert_eq!(stop.kind, StopKind::HostCallBytes);
    assert!(heard.borrow().lines.is_empty());
}

#[test]
fn measurements_reach_the_port_until_the_limit() {
    let body = "(call $send (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 3) (f64.const 21.5) (i32.const 1040))
        (i32.store8 (i32.const 1024) (i32.load8_u (i32.const 1040)))
        (i32.store (i32.const 1028) (i32.const 0)) (i32.store (i32.const 1032) (i32.load8_u (i32.const 1041)))
        (i32.const 1024)";
    let text = component(TELEMETRY, &[SEND], "tCel", body);
    let mut deployment = granted(&[("petiole:telemetry/telemetry@0.1.0", &[])]);
    deployment.limits = Limits {
        telemetry: 40,
        ..Limits::default()
    };
    let (mut guest, heard) = load(&text, deployment);
    assert_eq!(run(&mut guest).expect("a good call").result, Ok(()));
    assert_eq!(
        heard.borrow().numbers,
        [("t".to_string(), "Cel".to_string(), 21.5)]
    );
    let rate_limited = run(&mut guest).expect("the handler answers").result;
    assert_eq!(
        rate_limited,
        Err("t".to_string()),
        "the text's length is the error's number, 1"
    );
    heard.borrow_mut().now = 3_600_000_000_000;
    assert_eq!(run(&mut guest).expect("a good call").result, Ok(()));
    assert_eq!(heard.borrow().numbers.len(), 2);
}
