use petiole_interfaces::{Devices, Limits};

use super::{component, load, load_on, run};
use crate::{Deployment, LoadError, StopKind};

const GOOD: &str = "(i32.const 1024)";

fn limited(limits: Limits) -> Deployment {
    Deployment {
        limits,
        ..Deployment::default()
    }
}

#[test]
fn a_good_call_tells_its_fuel_and_can_be_repeated() {
    let (mut guest, _) = load(&component("", &[], "", GOOD), Deployment::default());
    let first = run(&mut guest).expect("a good call");
    assert_eq!(first.result, Ok(()));
    assert!((1..100).contains(&first.fuel), "{}", first.fuel);
    assert_eq!(run(&mut guest), Ok(first));
    assert_eq!(guest.usage().memory, 4_096);
}

#[test]
fn an_error_of_the_handler_is_its_own_text() {
    let body =
        "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) (i32.const 0))
        (i32.store (i32.const 1032) (i32.const 5)) (i32.const 1024)";
    let (mut guest, _) = load(&component("", &[], "cloud", body), Deployment::default());
    let outcome = run(&mut guest).expect("the handler answers");
    assert_eq!(outcome.result, Err("cloud".into()));
}

#[test]
fn a_loop_without_end_is_stopped_by_fuel() {
    let (mut guest, _) = load(
        &component("", &[], "", "(loop (br 0)) (unreachable)"),
        Deployment::default(),
    );
    let stop = run(&mut guest).expect_err("a stop");
    assert_eq!((stop.kind, stop.kind.label()), (StopKind::Fuel, "fuel"));
}

#[test]
fn a_trap_is_named() {
    for (body, name) in [
        ("(unreachable)", "unreachable"),
        (
            "(i32.div_s (i32.const 1) (i32.const 0))",
            "integer-divide-by-zero",
        ),
        ("(i32.load (i32.const 4096))", "memory-out-of-bounds"),
    ] {
        let (mut guest, _) = load(&component("", &[], "", body), Deployment::default());
        let stop = run(&mut guest).expect_err("a stop");
        assert_eq!(stop.kind, StopKind::Trap(name));
        assert_eq!(stop.function, Some(0));
        assert_eq!(std::format!("{stop}"), std::format!("trap: {name}"));
    }
}

#[test]
fn endless_recursion_ends_at_the_stack_limit() {
    let text = component("", &[], "", GOOD).replace(
        "(func (export \"run\") (result i32) (i32.const 1024))",
        "(func $run (export \"run\") (result i32) (i32.add (call $run) (i32.const 1)))",
    );
    let (mut guest, _) = load(
        &text,
        limited(Limits {
            stack: 2_048,
            ..Limits::default()
        }),
    );
    assert_eq!(run(&mut guest).expect_err("a stop").kind, StopKind::Stack);
}

#[test]
fn memory_over_the_limit_does_not_start() {
    let limits = Limits {
        memory: 4_095,
        ..Limits::default()
    };
    let (guest, _) = load_on(
        Devices::default(),
        &component("", &[], "", GOOD),
        limited(limits),
    );
    assert!(
        matches!(guest.err(), Some(LoadError::Memory(text)) if text.contains("4096") && text.contains("4095"))
    );
}

#[test]
fn memory_that_would_grow_stops_the_guest() {
    let text = component(
        "",
        &[],
        "",
        "(drop (memory.grow (i32.const 10))) (i32.const 1024)",
    );
    for (limit, words) in [
        (4_105, "4106 bytes of memory, limit 4105"),
        (65_536, "stays at the 4096"),
    ] {
        let (mut guest, _) = load(
            &text,
            limited(Limits {
                memory: limit,
                ..Limits::default()
            }),
        );
        let stop = run(&mut guest).expect_err("a stop");
        assert_eq!(stop.kind, StopKind::Memory, "{stop}");
        assert!(stop.message.contains(words), "{stop}");
        assert_eq!(guest.usage().memory, 4_096);
    }
}
