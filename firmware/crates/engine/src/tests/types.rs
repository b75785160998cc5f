//! Imports whose functions have another type than the interface: none reaches the board's side.

use std::format;
use std::string::String;

use petiole_interfaces::Devices;

use super::devices::board;
use super::{component, granted, load_on, run};
use crate::{LoadError, StopKind};

const BUSES: &str = "petiole:i2c/buses@0.1.0";

/// A component that opens a bus by a function of this type, which takes `core` parameters.
fn opening(kind: &str, core: &str, body: &str) -> String {
    let imports = format!(
        r#"(import "wasi:i2c/i2c@0.2.0-draft" (instance $i2c (export "i2c" (type $bus (sub resource)))))
        (alias export $i2c "i2c" (type $bus))
        (type $own (resource (rep i32)))
        (import "{BUSES}" (instance $buses
            (alias outer 1 $bus (type $outer))
            (export "i2c" (type $bus (eq $outer)))
            (export "open" (func {kind}))))
        (core func $open (canon lower (func $buses "open") (memory (core memory $memory "memory"))
            (realloc (core func $memory "realloc"))))"#
    );
    component(&imports, &[("open", core)], "i2c-env", body)
}

fn load(text: &str) -> Result<crate::Guest, LoadError> {
    let grants = granted(&[("wasi:i2c/i2c@0.2.0-draft", &["i2c-env"])]);
    load_on(board().0, text, grants).0
}

#[test]
fn another_number_of_parameters_is_refused() {
    let text = opening(
        "(param \"label\" u32) (result u32)",
        "(param i32) (result i32)",
        "(i32.const 4000)",
    );
    assert!(
        matches!(load(&text).err(), Some(LoadError::Incompatible(reason)) if reason.contains("type"))
    );
}

#[test]
fn a_function_without_the_result_is_refused() {
    let text = opening(
        "(param \"label\" string)",
        "(param i32 i32)",
        "(i32.const 4000)",
    );
    assert!(
        matches!(load(&text).err(), Some(LoadError::Incompatible(reason)) if reason.contains("type"))
    );
}

#[test]
fn a_type_that_no_interface_has_is_refused() {
    let text = opening(
        "(param \"label\" (tuple char f32)) (result u32)",
        "(param i32 f32) (result i32)",
        "(i32.const 4000)",
    );
    assert!(
        matches!(load(&text).err(), Some(LoadError::Incompatible(reason)) if reason.contains("type"))
    );
}

#[test]
fn a_call_with_other_values_stops_the_guest() {
    let text = opening(
        "(param \"one\" u32) (param \"two\" u32) (result u32)",
        "(param i32 i32) (result i32)",
        "(drop (call $open (i32.const 1) (i32.const 2))) (i32.const 4000)",
    );
    let mut guest = load(&text).expect("as many core values as the function has");
    let stop = run(&mut guest).expect_err("two numbers are no label");
    assert_eq!(stop.kind, StopKind::Error);
    assert!(stop.message.contains("another type"), "{}", stop.message);
}

#[test]
fn a_result_of_another_type_stops_the_guest() {
    let text = opening(
        "(param \"label\" string) (result u32)",
        "(param i32 i32) (result i32)",
        "(drop (call $open (i32.const 0) (i32.const 7))) (i32.const 4000)",
    );
    let mut guest = load(&text).expect("as many core values as the function has");
    let stop = run(&mut guest).expect_err("a result is no number");
    assert!(stop.message.contains("another type"), "{}", stop.message);
}

#[test]
fn a_list_outside_of_the_memory_stops_the_guest() {
    let imports = r#"(import "wasi:spi/spi@0.2.0-draft" (instance $spi
            (export "open" (func (param "bytes" (list u8)) (result u32)))))
        (core func $open (canon lower (func $spi "open") (memory (core memory $memory "memory"))))"#;
    let body = "(drop (call $open (i32.const 4000) (i32.const 97))) (i32.const 4000)";
    let text = component(
        imports,
        &[("open", "(param i32 i32) (result i32)")],
        "",
        body,
    );
    let grants = granted(&[("wasi:spi/spi@0.2.0-draft", &[])]);
    let (guest, _) = load_on(Devices::default(), &text, grants);
    let stop =
        run(&mut guest.unwrap_or_else(|error| panic!("{error}"))).expect_err("out of bounds");
    assert!(stop.message.contains("out of bounds"), "{}", stop.message);
}
