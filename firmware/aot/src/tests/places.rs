use wat::GenerateDwarf;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{binary, words};
use crate::componentize::{Component, componentize};
use crate::explain::{Place, Source, explain};
use crate::modules::modules;

const MODULE: &str = "(module
    (import \"$root\" \"help\" (func $help))
    (func $good)
    (func (export \"cabi_realloc_wit_bindgen_0_61_1\"))
    (memory (export \"memory\") 0)
    (global (export \"__heap_base\") i32 (i32.const 0))
    (func $bad (export \"run\")
        call $good
        unreachable))";

/// A component of `MODULE`, as a guest's build makes it.
fn built() -> Component {
    let mut parser = wat::Parser::new();
    parser.generate_dwarf(GenerateDwarf::Full);
    let mut module = parser
        .parse_str(Some("guest.wat".as_ref()), MODULE)
        .expect("sound text");
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str(
            "test.wit",
            "package a:b; world w { import help: func(); export run: func(); }",
        )
        .expect("sound WIT");
    let world = resolve.select_world(&[package], None).expect("one world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("it fits the world");
    componentize(&module).expect("a sound module")
}

/// The offset of the only `unreachable` in the component's file.
fn unreachable(component: &[u8]) -> u32 {
    let code = modules(component).expect("sound")[0].code.clone();
    let at = component[code.clone()]
        .windows(2)
        .rposition(|pair| pair == [0x00, 0x0b]);
    (code.start + at.expect("it is there")) as u32
}

#[test]
fn a_pc_of_the_bare_component_is_a_line_of_the_source() {
    let Component { bare, debug, .. } = built();
    assert!(debug.len() > bare.len());
    let place = Place {
        function: Some(3),
        pc: Some(unreachable(&bare)),
    };
    let source = explain(&bare, Some(&debug), place).expect("a place in the code");
    let text = source.text();
    assert_eq!(
        (source.function, source.name.as_deref()),
        (Some(3), Some("bad"))
    );
    assert_eq!((source.line, source.column.is_some()), (Some(9), true));
    assert!(
        text.starts_with("bad at ") && text.contains("guest.wat:9"),
        "{text}"
    );
}

#[test]
fn a_function_alone_has_a_name() {
    let Component { bare, debug, .. } = built();
    let place = Place {
        function: Some(1),
        pc: None,
    };
    let good = Source {
        function: Some(1),
        name: Some("good".into()),
        ..Source::default()
    };
    assert_eq!(explain(&bare, Some(&debug), place).expect("known"), good);
    let without = explain(&bare, None, place).expect("known");
    assert_eq!(without.text(), "function 1");
}

#[test]
fn a_debug_file_of_something_else_is_refused() {
    let bare = built().bare;
    let place = Place {
        function: Some(1),
        pc: None,
    };
    let other = binary("(component (core module (func unreachable)))");
    assert!(words(explain(&bare, Some(&other), place)).contains("another component"));
}

#[test]
fn an_offset_outside_of_the_code_is_refused() {
    let place = Place {
        function: None,
        pc: Some(3),
    };
    assert!(words(explain(&built().bare, None, place)).contains("no code at offset 3"));
}

#[test]
fn exports_that_no_component_uses_are_left_out() {
    let bare = built().bare;
    let has = |name: &[u8]| bare.windows(name.len()).any(|window| window == name);
    assert!(!has(b"cabi_realloc_wit_bindgen") && !has(b"__heap_base"));
    assert!(has(b"memory"));
}
