use std::string::ToString;
use std::vec;

use petiole_interfaces::Devices;

use super::{LOGGING, compile, component, granted, load_on, run};
use crate::{Deployment, Entry, LoadError};

#[test]
fn an_import_without_grant_is_refused_by_name() {
    let text = component(LOGGING, &[], "", "(i32.const 4000)");
    let (guest, _) = load_on(
        Devices::default(),
        &text,
        granted(&[("wasi:config/store@0.2.0-rc.1", &[])]),
    );
    assert_eq!(
        guest.err(),
        Some(LoadError::NotGranted(
            "wasi:logging/logging@0.1.0-draft".to_string()
        ))
    );
}

#[test]
fn a_granted_import_that_no_board_has_is_refused_by_name() {
    let text = component(
        "(import \"wasi:sockets/tcp@0.2.0\" (instance))",
        &[],
        "",
        "(i32.const 4000)",
    );
    let (guest, _) = load_on(
        Devices::default(),
        &text,
        granted(&[("wasi:sockets/tcp@0.2.0", &[])]),
    );
    assert_eq!(
        guest.err(),
        Some(LoadError::UnknownImport(
            "wasi:sockets/tcp@0.2.0".to_string()
        ))
    );
}

#[test]
fn bytes_that_are_no_artifact_are_incompatible() {
    for bytes in [&b""[..], b"\0asm\x0d\0\x01\0", &[0x7f; 4096]] {
        let port = std::boxed::Box::new(petiole_interfaces::double::Recorder::new().0);
        let guest = crate::Engine::new(Devices::default()).load_bytes(
            bytes,
            Deployment::default(),
            port,
            &[],
        );
        assert!(matches!(guest.err(), Some(LoadError::Incompatible(_))));
    }
}

#[test]
fn a_component_without_handler_is_incompatible() {
    let deployment = Deployment {
        entries: vec![Entry::Schedule],
        ..Deployment::default()
    };
    let (guest, _) = load_on(Devices::default(), "(component)", deployment);
    assert_eq!(
        guest.err(),
        Some(LoadError::NoExport("petiole:schedule/handler@0.1.0"))
    );
}

#[test]
fn guests_of_the_same_code_share_it() {
    let code = compile(&component("", &[], "", "(i32.const 4000)"));
    let engine = crate::Engine::new(Devices::default());
    let load = |deployment| {
        let port = std::boxed::Box::new(petiole_interfaces::double::Recorder::new().0);
        engine.load_bytes(code, deployment, port, &[])
    };
    let other_stack = || Deployment {
        limits: petiole_interfaces::Limits {
            stack: 8_192,
            ..petiole_interfaces::Limits::default()
        },
        ..Deployment::default()
    };
    let mut one = load(Deployment::default()).expect("nothing else has the code");
    let mut two = load(Deployment::default()).expect("they share the code");
    assert!(run(&mut one).is_ok());
    drop(one);
    assert!(run(&mut two).is_ok());
    let refused = load(other_stack()).err().map(|error| error.to_string());
    assert!(
        refused.is_some_and(|text| text.contains("the same code runs with a stack of 4096 bytes"))
    );
    drop(two);
    assert!(load(other_stack()).is_ok());
}
