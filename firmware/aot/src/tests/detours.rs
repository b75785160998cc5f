use std::ops::Range;

use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, Linker};
use wasmtime::{Store, WasmBacktrace};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::artifacts::{TARGET, engine};
use super::binary;
use crate::compile::compile_for;
use crate::wiring::shortcut;

const WORLD: &str = "package demo:host;
    interface words { say: func(text: string); name: func() -> string; }
    world guest { import words; export run: func(divisor: u32) -> u32; }";

/// Asks for a name, says it, and divides its length.
const GUEST: &str = r#"
    (import "demo:host/words" "say" (func $say (param i32 i32)))
    (import "demo:host/words" "name" (func $name (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "run") (param i32) (result i32)
        (call $name (i32.const 8))
        (call $say (i32.load (i32.const 8)) (i32.load (i32.const 12)))
        (i32.div_u (i32.load (i32.const 12)) (local.get 0)))"#;

/// What `wit-component` makes of a guest with more in it.
fn encoded(more: &str) -> Vec<u8> {
    let mut module = binary(&format!("(module {GUEST} {more})"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", WORLD).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("they fit");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).expect("a guest of the world");
    encoder.validate(true).encode().expect("a component")
}

/// What the guest answers, and what it said.
fn run(component: &[u8], divisor: u32) -> (wasmtime::Result<u32>, Vec<String>) {
    let artifact = compile_for(TARGET, component).expect("a sound component");
    let engine = engine();
    // SAFETY: the compiler made these bytes a moment ago.
    let component = unsafe { Component::deserialize(&engine, artifact) }.expect("an artifact");
    let mut linker = Linker::<Vec<String>>::new(&engine);
    let mut words = linker.instance("demo:host/words").expect("a name");
    words
        .func_wrap("say", |mut store, (text,): (String,)| {
            store.data_mut().push(text);
            Ok(())
        })
        .expect("a new function");
    words
        .func_wrap("name", |_, ()| Ok((String::from("Ada Lovelace"),)))
        .expect("a new function");
    let mut store = Store::new(&engine, Vec::new());
    store.set_fuel(10_000).expect("fuel is on");
    let answer = linker
        .instantiate(&mut store, &component)
        .and_then(|instance| instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run"))
        .and_then(|function| function.call(&mut store, (divisor,)));
    (answer.map(|(number,)| number), store.into_data())
}

fn core_modules(component: &[u8]) -> Vec<Range<u64>> {
    let payloads = Parser::new(0).parse_all(component);
    let ranges = payloads.filter_map(|payload| match payload.expect("sound bytes") {
        Payload::ModuleSection {
            unchecked_range, ..
        } => Some(unchecked_range),
        _ => None,
    });
    ranges.collect()
}

#[test]
fn texts_pass_both_ways_without_the_detour() {
    let component = encoded("");
    assert!(shortcut(&component).is_some());
    let (answer, said) = run(&component, 2);
    assert_eq!(answer.expect("a good call"), 6);
    assert_eq!(said, ["Ada Lovelace"]);
}

#[test]
fn the_main_module_stays_where_it_lay() {
    let component = encoded("");
    let shorter = shortcut(&component).expect("a detour").component;
    let (before, after) = (core_modules(&component), core_modules(&shorter));
    assert_eq!((before.len(), after.len()), (3, 2));
    assert_eq!(before[0], after[0]);
    let end = before[0].end as usize;
    assert_eq!(component[..end], shorter[..end]);
}

#[test]
fn a_trap_is_found_in_the_component_that_is_deployed() {
    let component = encoded("");
    let error = run(&component, 0).0.expect_err("a division by zero");
    let trace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
    let frame = &trace.frames()[0];
    const DIVIDE: u8 = 0x6e;
    let pc = frame.module_offset().expect("the map has it");
    assert_eq!((frame.func_index(), component[pc]), (3, DIVIDE));
}

#[test]
fn a_guest_whose_start_may_call_the_host_keeps_the_detour() {
    let component = encoded("(start $begin) (func $begin)");
    assert!(shortcut(&component).is_none());
    assert_eq!(run(&component, 3).0.expect("a good call"), 4);
}
