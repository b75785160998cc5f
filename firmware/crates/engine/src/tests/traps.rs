//! What a guest can do that is undefined: each has a name and a place.

use std::format;
use std::string::String;

use super::{component, load, run};
use crate::{Deployment, Stop, StopKind};

/// How a handler stops whose core module has these fields, too.
fn stop(fields: &str, body: &str) -> Stop {
    let text = component("", &[], "", body).replace(
        "(func (export \"run\")",
        &format!("{fields} (func (export \"run\")"),
    );
    let (mut guest, _) = load(&text, Deployment::default());
    run(&mut guest).expect_err("a stop")
}

#[test]
fn each_trap_of_a_module_has_its_name() {
    let table =
        "(type $t (func (result i32))) (func $other) (table 2 funcref) (elem (i32.const 1) $other)";
    for (fields, body, name) in [
        ("", "(unreachable)", "unreachable"),
        ("", "(i32.load (i32.const 4096))", "memory-out-of-bounds"),
        (
            table,
            "(call_indirect (type $t) (i32.const 2))",
            "table-out-of-bounds",
        ),
        (
            table,
            "(call_indirect (type $t) (i32.const 0))",
            "indirect-call-to-null",
        ),
        (
            table,
            "(call_indirect (type $t) (i32.const 1))",
            "bad-signature",
        ),
        (
            "",
            "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
            "integer-overflow",
        ),
        (
            "",
            "(i32.div_s (i32.const 1) (i32.const 0))",
            "integer-divide-by-zero",
        ),
        (
            "",
            "(i32.trunc_f32_s (f32.const nan))",
            "bad-conversion-to-integer",
        ),
    ] {
        let stop = stop(fields, body);
        assert_eq!(stop.kind, StopKind::Trap(name));
        assert_eq!(format!("{stop}"), format!("trap: {name}"));
        assert!(
            stop.function.is_some() && stop.pc.is_some(),
            "{name}: {stop:?}"
        );
        assert!(
            stop.usage.fuel > 0 && stop.usage.memory == 4_096,
            "{name}: {stop:?}"
        );
    }
}

/// Two components in one: the inner consumer calls `take` of the inner provider with what the core body pushes.
fn nested(kind: &str, core: &str, arguments: &str) -> String {
    let module = r#"(core module $m
        (memory (export "memory") 1024 (pagesize 1))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 512))"#;
    format!(
        r#"(component
            (component $provider
                {module} (func (export "take") (param {core})))
                (core instance $i (instantiate $m))
                (func (export "take") (param "x" {kind})
                    (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
            (component $consumer
                (import "take" (func $take (param "x" {kind})))
                {module})
                (core instance $memory (instantiate $m))
                (core func $lowered (canon lower (func $take) (memory (core memory $memory "memory"))))
                (core module $code
                    (import "" "take" (func $take (param {core})))
                    (func (export "run") (result i32) (call $take {arguments}) (i32.const 256)))
                (core instance $given (export "take" (func $lowered)))
                (core instance $i (instantiate $code (with "" (instance $given))))
                (func $run (result (result (error string)))
                    (canon lift (core func $i "run") (memory (core memory $memory "memory"))))
                (instance $handler (export "run" (func $run)))
                (export "petiole:schedule/handler@0.1.0" (instance $handler)))
            (instance $p (instantiate $provider))
            (instance $c (instantiate $consumer (with "take" (func $p "take"))))
            (export "petiole:schedule/handler@0.1.0" (instance $c "petiole:schedule/handler@0.1.0")))"#
    )
}

#[test]
fn a_nested_component_runs_within_the_limits_of_the_whole() {
    let text = nested("u32", "i32", "(i32.const 1)");
    let (mut guest, _) = load(&text, Deployment::default());
    assert_eq!(run(&mut guest).expect("a good call").result, Ok(()));
    assert_eq!(guest.usage().memory, 2_048, "both memories");
    let mut deployment = Deployment::default();
    deployment.limits.memory = 2_047;
    let (guest, _) = super::load_on(Default::default(), &text, deployment);
    assert!(matches!(guest.err(), Some(crate::LoadError::Memory(_))));
}

#[test]
fn each_trap_between_nested_components_has_its_name() {
    for (kind, core, arguments, name) in [
        ("char", "i32", "(i32.const 0x110000)", "invalid-char"),
        (
            "string",
            "i32 i32",
            "(i32.const 1000) (i32.const 100)",
            "string-out-of-bounds",
        ),
        (
            "(list u8)",
            "i32 i32",
            "(i32.const 1000) (i32.const 100)",
            "list-out-of-bounds",
        ),
    ] {
        let (mut guest, _) = load(&nested(kind, core, arguments), Deployment::default());
        let stop = run(&mut guest).expect_err("a stop");
        assert_eq!(stop.kind, StopKind::Trap(name));
    }
}
