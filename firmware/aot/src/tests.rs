mod artifacts;
mod detours;
mod handlers;
mod places;

use crate::compile::compile;
use crate::component::{Kind, kind, names};
use crate::componentize::componentize;
use crate::error::Error;
use crate::world::check;

const COMPONENT: &str = r#"(component
    (import "wasi:logging/logging@0.1.0-draft" (instance))
    (component (import "inner" (func)))
    (core module (import "a" "b" (func)))
    (import "another" (func))
    (instance $handler)
    (export "petiole:schedule/handler@0.1.0" (instance $handler)))"#;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("sound text")
}

fn words<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => String::from("no error"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn kinds_are_told_apart() {
    assert!(matches!(kind(&binary(COMPONENT)), Ok(Kind::Component)));
    assert!(matches!(kind(&binary("(module)")), Ok(Kind::Module)));
    for bytes in [&b""[..], b"\0as", b"\x7fELF and so on"] {
        assert!(words(kind(bytes)).starts_with("not WebAssembly"));
    }
}

#[test]
fn names_are_those_of_the_outermost_component() {
    let names = names(&binary(COMPONENT)).expect("a sound component");
    assert_eq!(
        names.imports,
        ["another", "wasi:logging/logging@0.1.0-draft"]
    );
    assert_eq!(names.exports, ["petiole:schedule/handler@0.1.0"]);
}

#[test]
fn a_cut_file_is_broken_and_no_panic() {
    let whole = binary(COMPONENT);
    for length in 8..whole.len() {
        assert!(
            names(&whole[..length]).is_ok()
                || words(names(&whole[..length])).starts_with("broken WebAssembly")
        );
        assert!(compile(&whole[..length]).is_err() || names(&whole[..length]).is_ok());
    }
}

#[test]
fn modules_and_components_are_not_taken_for_each_other() {
    assert!(words(compile(&binary("(module)"))).contains("petiole-aot componentize"));
    assert!(words(names(&binary("(module)"))).contains("petiole-aot componentize"));
    assert_eq!(
        words(componentize(&binary(COMPONENT))),
        "already a component"
    );
    assert!(words(componentize(&binary("(module)"))).contains("no component type"));
}

#[test]
fn an_artifact_is_the_same_each_time() {
    let component = binary(
        "(component (core module $m (func (export \"f\"))) (core instance (instantiate $m)))",
    );
    let artifact = compile(&component).expect("a sound component");
    assert!(artifact.starts_with(b"\x7fELF"));
    assert_eq!(artifact, compile(&component).expect("a sound component"));
}

#[test]
fn what_the_profile_leaves_out_is_named() {
    let simd = "(component (core module (func (drop (v128.const i32x4 0 0 0 0)))))";
    assert!(
        words(compile(&binary(simd)))
            .to_lowercase()
            .contains("simd")
    );
}

#[test]
fn types_that_boards_leave_out_are_refused_here() {
    for border in [
        r#"(import "m" (core module))"#,
        r#"(core module $m) (export "m" (core module $m))"#,
        r#"(import "m" (core module $m (export "f" (func)))) (core instance (instantiate $m))"#,
    ] {
        let text = words(compile(&binary(&format!("(component {border})"))));
        assert!(text.contains("imports or exports a core module"), "{text}");
    }
    for (proposal, words_of_it) in [
        ("(type (stream u8))", "model async"),
        ("(type (future u8))", "model async"),
        ("(type error-context)", "error-context"),
        ("(type (map u8 u8))", "map feature"),
        ("(type (list u8 4))", "fixed-length lists"),
        ("(core module (type (array i8)))", "gc types"),
        ("(core module (type (struct)))", "gc types"),
        ("(core module (tag))", "exceptions"),
        (
            "(core module (type $f (func)) (type (cont $f)))",
            "stack switching",
        ),
    ] {
        let text = words(compile(&binary(&format!("(component {proposal})"))));
        assert!(text.contains(words_of_it), "{text}");
    }
}

const HANDLER: &str = r#"
    (core module $m (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func $run (result (result (error string))) (canon lift (core func $i "run") (memory (core memory $i "memory"))))
    (instance $handler (export "run" (func $run)))
    (export "petiole:schedule/handler@0.1.0" (instance $handler))"#;

fn with_clock(result: &str) -> Vec<u8> {
    binary(&format!(
        r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result {result}))))) {HANDLER})"#
    ))
}

#[test]
fn a_component_of_the_world_fits_it() {
    assert_eq!(words(check(&with_clock("u64"))), "no error");
}

#[test]
fn an_import_of_another_type_is_told_by_its_name() {
    let text = words(check(&with_clock("string")));
    assert!(
        text.contains("does not fit world petiole:host/scheduled"),
        "{text}"
    );
    assert!(text.contains("wasi:clocks/monotonic-clock@0.2.0"), "{text}");
}

#[test]
fn every_export_that_a_host_calls_is_checked() {
    let other = binary(
        r#"(component (instance $handler) (export "petiole:gpio/handler@0.1.0" (instance $handler)))"#,
    );
    let text = words(check(&other));
    assert!(text.contains("petiole:host/watcher"), "{text}");
    assert!(text.contains("petiole:gpio/handler"), "{text}");
}

#[test]
fn a_component_for_its_peers_alone_fits() {
    assert_eq!(words(check(&binary("(component)"))), "no error");
}

#[test]
fn an_import_that_no_host_has_is_left_to_the_check_of_grants() {
    assert_eq!(words(check(&binary(COMPONENT))), "no error");
}
