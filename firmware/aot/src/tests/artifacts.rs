use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store, WasmBacktrace};

use super::{binary, words};
use crate::compile::{compile, compile_for};
use crate::component::names;
use crate::compose::compose;
use crate::explain::{Place, explain};

/// The sibling of the boards' target that runs on this machine.
pub const TARGET: &str = "pulley64";

/// `good` gives 7, `bad` traps in its second function, at the only division.
const COMPONENT: &str = r#"(component
    (core module $m
        (func (export "good") (result i32) (i32.add (i32.const 3) (i32.const 4)))
        (func $divide (param i32) (result i32)
            (i32.div_s (i32.add (i32.const 1) (local.get 0)) (local.get 0)))
        (func (export "bad") (result i32) (call $divide (i32.const 0))))
    (core instance $i (instantiate $m))
    (func (export "good") (result s32) (canon lift (core func $i "good")))
    (func (export "bad") (result s32) (canon lift (core func $i "bad"))))"#;

pub fn engine() -> Engine {
    let mut config = Config::new();
    petiole_profile::configure(&mut config);
    config.target(TARGET).expect("a known target");
    Engine::new(&config).expect("sound settings")
}

fn call(artifact: &[u8], function: &str) -> wasmtime::Result<i32> {
    let engine = engine();
    // SAFETY: the compiler made these bytes a moment ago.
    let component = unsafe { Component::deserialize(&engine, artifact) }?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000)?;
    let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
    let function = instance.get_typed_func::<(), (i32,)>(&mut store, function)?;
    Ok(function.call(&mut store, ())?.0)
}

#[test]
fn a_slim_artifact_loads_and_runs() {
    let artifact = compile_for(TARGET, &binary(COMPONENT)).expect("a sound component");
    assert_eq!(call(&artifact, "good").expect("a good call"), 7);
}

#[test]
fn a_slim_artifact_still_says_where_it_stopped() {
    let component = binary(COMPONENT);
    let artifact = compile_for(TARGET, &component).expect("a sound component");
    let error = call(&artifact, "bad").expect_err("a trap");
    let trace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
    let place = |at: usize| {
        let frame = &trace.frames()[at];
        let pc = frame.module_offset().expect("the map has it") as u32;
        (frame.func_index(), pc)
    };
    const DIVIDE: u8 = 0x6d;
    const CALL: u8 = 0x10;
    for (at, function, opcode) in [(0, 1, DIVIDE), (1, 2, CALL)] {
        let (index, pc) = place(at);
        assert_eq!((index, component[pc as usize]), (function, opcode));
        let place = Place {
            function: None,
            pc: Some(pc),
        };
        let source = explain(&component, None, place).expect("code is there");
        assert_eq!(source.function, Some(function));
    }
}

/// Gives what its import gives, times two.
const DOUBLE: &str = r#"(component
    (import "demo:math/number@0.1.0" (instance $number (export "get" (func (result s32)))))
    (core func $get (canon lower (func $number "get")))
    (core module $m
        (import "" "get" (func $get (result i32)))
        (func (export "good") (result i32) (i32.mul (call $get) (i32.const 2))))
    (core instance $given (export "get" (func $get)))
    (core instance $i (instantiate $m (with "" (instance $given))))
    (func (export "good") (result s32) (canon lift (core func $i "good"))))"#;

const NUMBER: &str = r#"(component
    (core module $m (func (export "get") (result i32) (i32.const 21)))
    (core instance $i (instantiate $m))
    (func $get (result s32) (canon lift (core func $i "get")))
    (instance $number (export "get" (func $get)))
    (export "demo:math/number@0.1.0" (instance $number)))"#;

#[test]
fn two_components_become_one() {
    let parts = [(String::from("number.wasm"), binary(NUMBER))];
    let whole = compose(&binary(DOUBLE), &parts).expect("they fit");
    assert_eq!(names(&whole).expect("a component").imports, [""; 0]);
    let artifact = compile_for(TARGET, &whole).expect("a sound component");
    assert_eq!(call(&artifact, "good").expect("a good call"), 42);
}

#[test]
fn a_part_that_fits_nowhere_is_named() {
    let parts = [(String::from("other.wasm"), binary(COMPONENT))];
    let text = words(compose(&binary(DOUBLE), &parts));
    assert!(text.starts_with("other.wasm exports nothing"), "{text}");
}

#[test]
fn what_is_left_out_makes_the_artifact_smaller() {
    let component = binary(COMPONENT);
    let mut config = Config::new();
    petiole_profile::configure(&mut config);
    config
        .generate_address_map(false)
        .target(petiole_profile::TARGET)
        .expect("a known target");
    let whole = Engine::new(&config)
        .and_then(|engine| engine.precompile_component(&component))
        .expect("a sound component");
    let slim = compile(&component).expect("a sound component");
    assert!(
        slim.len() + 800 < whole.len(),
        "{} {}",
        slim.len(),
        whole.len()
    );
}
