use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use super::artifacts::{TARGET, engine};
use super::binary;
use crate::compile::compile_for;
use crate::idle::is_idle_when_ok;

const HANDLER: &str = "petiole:schedule/handler@0.1.0";
const CLEANUP: &str = "schedule-cleanup";

/// A module whose function 1 is run after a call; function 0 counts what it frees.
fn module(body: &str) -> Vec<u8> {
    binary(&format!(
        r#"(module (memory 1) (global $freed (mut i32) (i32.const 0))
            (func $free (param i32) (global.set $freed (i32.const 1)))
            (func (param i32) (local i32) {body})
            (func $none) (func $case (param i32) (result i32) (i32.load8_u (local.get 0))))"#
    ))
}

#[test]
fn what_cleans_up_after_errors_alone_is_idle() {
    for body in [
        "",
        "(if (i32.load8_u (local.get 0)) (then (call $free (i32.load offset=4 (local.get 0)))))",
        "(if (i32.eqz (i32.load8_u (local.get 0))) (then (return))) (call $free (i32.const 0))",
        "(block (br_if 0 (i32.eqz (i32.load8_u (local.get 0)))) (call $free (i32.const 0)))",
        "(block (block (br_table 1 0 (i32.load8_u (local.get 0)))) (call $free (i32.const 0)))",
        "(if (i32.eq (i32.load8_u (local.get 0)) (i32.const 1)) (then (call $free (i32.const 0))) (else (call $none)))",
        "(local.set 1 (local.get 0)) (if (call $case (local.get 1)) (then unreachable))",
    ] {
        assert!(is_idle_when_ok(&module(body), 1), "{body}");
    }
}

#[test]
fn what_does_anything_else_is_not() {
    for body in [
        "(call $free (i32.const 0))",
        "(i32.store (local.get 0) (i32.const 0))",
        "(if (i32.load8_u (local.get 0)) (then) (else (call $free (i32.const 0))))",
        "(if (i32.load8_u offset=1 (local.get 0)) (then))",
        "(if (i32.load (local.get 0)) (then))",
        "(if (i32.load8_u (i32.const 0)) (then))",
        "(loop (br 0))",
        "(call 1 (local.get 0))",
        "(drop (memory.grow (i32.const 1)))",
        "unreachable",
    ] {
        assert!(!is_idle_when_ok(&module(body), 1), "{body}");
    }
    assert!(!is_idle_when_ok(&module(""), 9));
    assert!(!is_idle_when_ok(b"\0asm", 0));
}

/// A handler that fails each second time, with a text that says how often was cleaned up.
fn handler(after_ok: &str) -> Vec<u8> {
    binary(&format!(
        r#"(component
        (core module $m
            (memory (export "memory") 1)
            (global $calls (mut i32) (i32.const 0))
            (func (export "run") (result i32)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (i32.store8 (i32.const 16) (i32.and (global.get $calls) (i32.const 1)))
                (i32.store (i32.const 20) (i32.const 8)) (i32.store (i32.const 24) (i32.const 1))
                (i32.const 16))
            (func (export "clean") (param i32)
                (if (i32.load8_u (local.get 0))
                    (then (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 1)))) {after_ok}))
            (data (i32.const 8) "0"))
        (core instance $i (instantiate $m))
        (func $run (result (result (error string)))
            (canon lift (core func $i "run") (memory (core memory $i "memory")) (post-return (core func $i "clean"))))
        (instance $handler (export "run" (func $run)))
        (export "petiole:schedule/handler@0.1.0" (instance $handler)))"#
    ))
}

fn load(engine: &Engine, component: &[u8]) -> Component {
    let artifact = compile_for(TARGET, component).expect("a sound component");
    // SAFETY: the compiler made these bytes a moment ago.
    unsafe { Component::deserialize(engine, artifact) }.expect("an artifact")
}

#[test]
fn a_board_cleans_up_after_errors_where_that_is_enough() {
    let engine = engine();
    let component = load(&engine, &handler(""));
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).expect("fuel is on");
    let instance = Linker::new(&engine).instantiate(&mut store, &component);
    let instance = instance.expect("a component without imports");
    let run = instance.get_typed_func::<(), (Result<(), String>,)>(&mut store, HANDLER);
    let run = run.expect("the handler's function");
    let clean = instance.get_typed_func::<(u32,), ()>(&mut store, CLEANUP);
    let clean = clean.expect("what cleans up");
    let mut answers = Vec::new();
    for _ in 0..4 {
        let (answer,) = run.call(&mut store, ()).expect("a good call");
        if answer.is_err() {
            clean.call(&mut store, (16,)).expect("a good call");
        }
        answers.push(answer);
    }
    let error = |text: &str| Err(String::from(text));
    assert_eq!(answers, [error("0"), Ok(()), error("1"), Ok(())]);
}

#[test]
fn what_must_run_after_each_call_does() {
    let engine = engine();
    let component = load(
        &engine,
        &handler("(else (i32.store8 (i32.const 8) (i32.const 57)))"),
    );
    assert!(component.get_export_index(None, CLEANUP).is_none());
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).expect("fuel is on");
    let instance = Linker::new(&engine).instantiate(&mut store, &component);
    let instance = instance.expect("a component without imports");
    let run = instance.get_typed_func::<(), (Result<(), String>,)>(&mut store, HANDLER);
    let run = run.expect("the handler's function");
    let answers: Vec<_> = (0..3)
        .map(|_| run.call(&mut store, ()).expect("a good call").0)
        .collect();
    let error = |text: &str| Err(String::from(text));
    assert_eq!(answers, [error("0"), Ok(()), error("9")]);
}

#[test]
fn imports_from_a_board_stand_behind_the_artifact() {
    let component = binary(
        r#"(component
            (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
            (import "demo:peer/words" (instance (export "say" (func (param "text" string))))))"#,
    );
    let artifact = compile_for(TARGET, &component).expect("a sound component");
    assert!(artifact.ends_with(b"wasi:random/random@0.2.0\x18\0\0\0imports\0"));
    let engine = engine();
    // SAFETY: the compiler made these bytes a moment ago.
    let loaded = unsafe { Component::deserialize(&engine, artifact) }.expect("an artifact");
    let kind = loaded.component_type();
    let imports: Vec<_> = kind.imports(&engine).map(|(name, _)| name).collect();
    assert_eq!(imports, ["demo:peer/words"]);
}
