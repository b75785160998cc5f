use std::format;

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

#[test]
fn all_memories_of_a_component_count_together() {
    let text = component(
        "(core module $more (memory (export \"memory\") 4096 (pagesize 1))) (core instance (instantiate $more))",
        &[],
        "",
        GOOD,
    );
    for (memory, fits) in [(8_192, true), (8_191, false)] {
        let limits = Limits {
            memory,
            ..Limits::default()
        };
        let (guest, _) = load_on(Devices::default(), &text, limited(limits));
        match guest {
            Ok(guest) => assert!(fits && guest.usage().memory == memory),
            Err(LoadError::Memory(text)) => assert!(!fits && text.contains("8192"), "{text}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn all_tables_of_a_component_count_together() {
    let with_tables = |entries: u32| {
        let table = format!(
            "(core module $t{entries} (table {entries} funcref)) (core instance (instantiate $t{entries}))"
        );
        component(
            &format!(
                "{table} (core module $u (table 200 funcref)) (core instance (instantiate $u))"
            ),
            &[],
            "",
            GOOD,
        )
    };
    let (guest, _) = load_on(Devices::default(), &with_tables(56), Deployment::default());
    assert!(guest.is_ok());
    let (guest, _) = load_on(Devices::default(), &with_tables(57), Deployment::default());
    assert!(
        matches!(guest.err(), Some(LoadError::Memory(text)) if text.contains("257 table entries"))
    );
}

#[test]
fn a_component_of_too_many_instances_does_not_start() {
    let many = "(core instance (instantiate $one))".repeat(33);
    let text = component(&format!("(core module $one) {many}"), &[], "", GOOD);
    let (guest, _) = load_on(Devices::default(), &text, Deployment::default());
    assert!(
        matches!(guest.err(), Some(LoadError::Incompatible(text)) if text.contains("instance"))
    );
}

#[test]
fn guests_with_other_stack_limits_run_side_by_side() {
    let deep = component("", &[], "", GOOD).replace(
        "(func (export \"run\") (result i32) (i32.const 1024))",
        "(func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
                (else (i32.const 1000))))
        (func (export \"run\") (result i32) (call $down (i32.const 24)))",
    );
    for (stack, fits) in [(1_024, false), (16_384, true), (1_024, false)] {
        let limits = Limits {
            stack,
            ..Limits::default()
        };
        let (mut guest, _) = load(&deep, limited(limits));
        match run(&mut guest) {
            Ok(outcome) => assert!(fits, "{outcome:?}"),
            Err(stop) => {
                assert_eq!((stop.kind, fits), (StopKind::Stack, false));
                assert_eq!(stop.kind.label(), "stack");
            }
        }
    }
}
