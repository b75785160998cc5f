//! Values of all types that go from one component to another and come back as they were.

use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec::Vec;

use petiole_interfaces::double::Recorder;

use super::peers::run;
use super::shapes::{Dice, Kind, Shape, same};
use super::{compile, granted};
use crate::{Engine, Guest, LoadError, Stop};

const INTERFACE: &str = "demo:values/values@0.1.0";
/// Where a consumer's values lie, and where what comes back is told.
const VALUES: usize = 4_096;
const BACK: usize = 1_024;

/// Types of the interface's own, and its functions' types.
struct Interface {
    names: Vec<String>,
    functions: Vec<(&'static str, String)>,
}

const MEMORY: &str = r#"
    (core module $memories
        (memory (export "memory") 16384 (pagesize 1))
        (global $next (mut i32) (i32.const 10000))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $block i32)
            (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $block) (local.get 3)))
            (local.get $block)))
    (core instance $memory (instantiate $memories))"#;
const OPTIONS: &str =
    r#"(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))"#;

/// A component that exports the interface, with the core code of each function.
fn provider(interface: &Interface, code: &[String]) -> String {
    let types: String = interface
        .names
        .iter()
        .enumerate()
        .map(|(at, text)| format!("(type $t{at} {text}) (export $k{at} \"k{at}\" (type $t{at}))\n"))
        .collect();
    let (mut lifts, mut exports) = (String::new(), String::new());
    for (name, kind) in &interface.functions {
        lifts +=
            &format!("(func ${name} {kind} (canon lift (core func $i \"{name}\") {OPTIONS}))\n");
        exports += &format!("(export \"{name}\" (func ${name}))");
    }
    format!(
        r#"(component {MEMORY} {types}
            (core module $m (import "memory" "memory" (memory 1 (pagesize 1))) {})
            (core instance $i (instantiate $m (with "memory" (instance $memory))))
            {lifts}
            (instance $values {exports})
            (export "{INTERFACE}" (instance $values)))"#,
        code.join("\n")
    )
}

/// A component whose handler is `body`; it has `data` in its memory, and `imports` as core functions.
fn consumer(interface: &Interface, imports: &[(&str, String)], data: &[u8], body: &str) -> String {
    let types: String = interface
        .names
        .iter()
        .enumerate()
        .map(|(at, text)| {
            format!("(type $t{at} {text}) (export \"k{at}\" (type $k{at} (eq $t{at})))\n")
        })
        .collect();
    let functions = interface.functions.iter();
    let functions: String = functions
        .map(|(name, kind)| format!("(export \"{name}\" (func {kind}))\n"))
        .collect();
    let (mut lowers, mut given, mut core) = (String::new(), String::new(), String::new());
    for (name, kind) in imports {
        lowers +=
            &format!("(core func ${name} (canon lower (func $values \"{name}\") {OPTIONS}))\n");
        given += &format!("(export \"{name}\" (func ${name}))");
        core += &format!("(import \"\" \"{name}\" (func ${name} {kind}))\n");
    }
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(component {MEMORY}
            (import "{INTERFACE}" (instance $values {types} {functions}))
            {lowers}
            (core module $m
                (import "memory" "memory" (memory 1 (pagesize 1))) {core}
                (data (i32.const {VALUES}) "{data}")
                (func (export "run") (result i32) {body} (i32.const 0)))
            (core instance $given {given})
            (core instance $i (instantiate $m (with "memory" (instance $memory)) (with "" (instance $given))))
            (func $run (result (result (error string)))
                (canon lift (core func $i "run") (memory (core memory $memory "memory"))))
            (instance $handler (export "run" (func $run)))
            (export "petiole:schedule/handler@0.1.0" (instance $handler)))"#
    )
}

fn load(text: &str, peers: &[(&str, &Guest)]) -> Result<Guest, LoadError> {
    let deployment = granted(&[(INTERFACE, &["values"])]);
    let port = Box::new(Recorder::new().0);
    Engine::new(Default::default()).load_bytes(compile(text), deployment, port, peers)
}

/// Calls the consumer's handler, which calls the provider.
fn call(provider: &str, consumer: &str) -> Result<(), Stop> {
    let sound = |error| panic!("{error}\n{provider}\n{consumer}");
    let mut provider_guest = load(provider, &[]).unwrap_or_else(sound);
    let peers = [("values", &provider_guest)];
    let mut consumer_guest = load(consumer, &peers).unwrap_or_else(sound);
    let (outcome, _) = run(&mut provider_guest, &mut consumer_guest);
    outcome.map(|outcome| assert_eq!(outcome.result, Ok(())))
}

/// A provider that gives lists back as they came.
fn echo() -> String {
    format!(
        "(func (export \"echo\") (param i32 i32) (result i32)
            (i32.store (i32.const {BACK}) (local.get 0))
            (i32.store (i32.const {}) (local.get 1))
            (i32.const {BACK}))",
        BACK + 4
    )
}

#[test]
fn values_of_all_types_come_back_from_memory() {
    let mut dice = Dice(1);
    for _ in 0..25 {
        let element = Kind::random(&mut dice, 3, false);
        let list = Kind::List(Box::new(element));
        let value = list.value(&mut dice);
        let mut names = Vec::new();
        let text = list.text(&mut names);
        let functions = Vec::from([("echo", format!("(param \"all\" {text}) (result {text})"))]);
        let interface = Interface { names, functions };
        let mut memory = std::vec![0; VALUES + 8];
        list.write(&value, &mut memory, VALUES);
        let body = format!(
            "(call $echo (i32.load (i32.const {VALUES})) (i32.load (i32.const {})) (i32.const {BACK}))
            {}",
            VALUES + 4,
            list.expect(&value, &format!("(i32.const {BACK})")),
        );
        let imports = [("echo", "(param i32 i32 i32)".into())];
        let consumer = consumer(&interface, &imports, &memory[VALUES..], &body);
        let ended = call(&provider(&interface, &[echo()]), &consumer);
        assert_eq!(ended, Ok(()), "{text} {:?}", interface.names);
    }
}

/// Code for a core value of these bits.
fn constant(core: &str, bits: u64) -> String {
    let number = bits as i64;
    match core {
        "i32" => format!("(i32.const {})", bits as i32),
        "i64" => format!("(i64.const {number})"),
        "f32" => format!("(f32.reinterpret_i32 (i32.const {}))", bits as i32),
        _ => format!("(f64.reinterpret_i64 (i64.const {number}))"),
    }
}

/// Core code that gives back its parameters as numbers of 64 bits.
fn bits(core: &[&str]) -> String {
    let stores: String = core
        .iter()
        .enumerate()
        .map(|(at, core)| {
            let store = match *core {
                "i32" => "i64.store",
                "f32" => "f32.store",
                core => {
                    return format!(
                        "({core}.store (i32.const {}) (local.get {at}))\n",
                        2_048 + 8 * at
                    );
                }
            };
            let value = format!("(local.get {at})");
            let value = if *core == "i32" {
                format!("(i64.extend_i32_u {value})")
            } else {
                value
            };
            format!("({store} (i32.const {}) {value})\n", 2_048 + 8 * at)
        })
        .collect();
    let parameters = core.join(" ");
    format!(
        "(func (export \"bits\") (param {parameters}) (result i32) {stores}
            (i32.store (i32.const {BACK}) (i32.const 2048))
            (i32.store (i32.const {}) (i32.const {}))
            (i32.const {BACK}))",
        BACK + 4,
        core.len()
    )
}

#[test]
fn values_of_all_types_arrive_as_core_values() {
    let mut dice = Dice(2);
    let mut seen = 0;
    while seen < 25 {
        let kind = Kind::random(&mut dice, 3, true);
        let core = kind.core();
        if core.len() > 16 {
            continue;
        }
        seen += 1;
        let value = kind.value(&mut dice);
        let mut names = Vec::new();
        let text = kind.text(&mut names);
        let functions = Vec::from([(
            "bits",
            format!("(param \"one\" {text}) (result (list u64))"),
        )]);
        let interface = Interface { names, functions };
        let wanted = kind.bits(&value);
        let given = core
            .iter()
            .zip(&wanted)
            .map(|(core, bits)| constant(core, *bits));
        let found = wanted.iter().enumerate().map(|(at, bits)| {
            let at = format!(
                "(i32.add (i32.load (i32.const {BACK})) (i32.const {}))",
                8 * at
            );
            same(8, &at, *bits)
        });
        let body = format!(
            "(call $bits {} (i32.const {BACK})) {}",
            given.collect::<String>(),
            found.collect::<String>()
        );
        let imports = [("bits", format!("(param {} i32)", core.join(" ")))];
        let consumer = consumer(&interface, &imports, &[], &body);
        let ended = call(&provider(&interface, &[bits(&core)]), &consumer);
        assert_eq!(ended, Ok(()), "{text} {:?} {wanted:?}", interface.names);
    }
}

#[test]
fn more_parameters_than_core_values_go_through_memory() {
    let list = Kind::Tuple((0..17).map(|_| Kind::Number("u16", 2, "i32")).collect());
    let value = Shape::Many((0..17).map(|at| Shape::Number(at * 3)).collect());
    let parameters: String = (0..17).map(|at| format!("(param \"p{at}\" u16)")).collect();
    let functions = Vec::from([("tell", parameters), ("told", "(result u32)".into())]);
    let interface = Interface {
        names: Vec::new(),
        functions,
    };
    let code = [
        "(global $told (mut i32) (i32.const 0))".into(),
        format!(
            "(func (export \"tell\") (param i32) {} (global.set $told (i32.const 7)))",
            list.expect(&value, "(local.get 0)")
        ),
        "(func (export \"told\") (result i32) (global.get $told))".into(),
    ];
    let mut memory = std::vec![0; VALUES + list.size().0];
    list.write(&value, &mut memory, VALUES);
    let body = format!(
        "(call $tell (i32.const {VALUES})) (if (i32.ne (call $told) (i32.const 7)) (then unreachable))"
    );
    let imports = [
        ("tell", "(param i32)".into()),
        ("told", "(result i32)".into()),
    ];
    let consumer = consumer(&interface, &imports, &memory[VALUES..], &body);
    assert_eq!(call(&provider(&interface, &code), &consumer), Ok(()));
}

#[test]
fn a_type_whose_parts_have_other_names_is_another() {
    for [offered, wanted] in [
        ["(record (field \"a\" u32))", "(record (field \"b\" u32))"],
        ["(variant (case \"a\" u32))", "(variant (case \"b\" u32))"],
        ["(variant (case \"a\" u32))", "(record (field \"a\" u32))"],
        ["(enum \"a\" \"b\")", "(enum \"a\" \"c\")"],
        ["(enum \"a\" \"b\")", "(enum \"a\" \"b\" \"c\")"],
        ["(flags \"a\" \"b\")", "(flags \"b\" \"a\")"],
    ] {
        let interface = |text: &str| Interface {
            names: [text.into()].into(),
            functions: [(
                "echo",
                "(param \"all\" (list $k0)) (result (list $k0))".into(),
            )]
            .into(),
        };
        let provider = load(&provider(&interface(offered), &[echo()]), &[]).expect("sound");
        let imports = [("echo", "(param i32 i32 i32)".into())];
        let refused = load(
            &consumer(&interface(wanted), &imports, &[], ""),
            &[("values", &provider)],
        );
        assert!(
            matches!(refused.err(), Some(LoadError::Incompatible(text)) if text.contains("of this type")),
            "{offered} {wanted}"
        );
    }
}

#[test]
fn what_is_no_value_of_the_type_stops_the_caller() {
    for (kind, bytes, reason) in [
        (
            "(enum \"a\" \"b\")",
            &b"\x02"[..],
            "a case that the type does not have",
        ),
        (
            "(option u8)",
            b"\x02\0",
            "a case that the type does not have",
        ),
        ("char", b"\x00\xd8\0\0", "char"),
        ("(list u8)", b"\xf0\xff\0\0\x20\0\0\0", "out of bounds"),
        ("string", b"\0\x10\0\0\x01\0\0\0\xff", "utf-8"),
    ] {
        let named = kind.starts_with("(enum");
        let names = if named {
            [kind.into()].into()
        } else {
            Vec::new()
        };
        let text = if named { "$k0" } else { kind };
        let kind = format!("(param \"all\" (list {text})) (result (list {text}))");
        let interface = Interface {
            names,
            functions: [("echo", kind)].into(),
        };
        let body = format!("(call $echo (i32.const {VALUES}) (i32.const 1) (i32.const {BACK}))");
        let imports = [("echo", "(param i32 i32 i32)".into())];
        let mut data = bytes.to_vec();
        if text == "string" {
            data[..4].copy_from_slice(&(VALUES as u32 + 8).to_le_bytes());
        }
        let consumer = consumer(&interface, &imports, &data, &body);
        let stop = call(&provider(&interface, &[echo()]), &consumer).expect_err("no value");
        assert!(stop.message.contains(reason), "{text}: {stop}");
    }
}
