//! What a component may use is what its grants name, import by import and label by label.

use std::boxed::Box;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use petiole_interfaces::double::Recorder;
use petiole_interfaces::{Devices, Resource};

use super::devices::{SENSOR, board, reader};
use super::{component, granted, load_on, run};
use crate::link::INTERFACES;
use crate::{Deployment, Engine, LoadError};

/// A component that imports this interface and asks nothing of it.
fn importing(import: &str) -> String {
    component(
        &format!("(import \"{import}\" (instance))"),
        &[],
        "",
        "(i32.const 4000)",
    )
}

fn needs_no_grant(import: &str) -> bool {
    [
        "wasi:io/poll@",
        "wasi:gpio/types@",
        "wasmcloud:messaging/types@",
    ]
    .iter()
    .any(|free| import.starts_with(free))
}

#[test]
fn every_interface_is_refused_by_its_name_without_a_grant() {
    for (import, _) in INTERFACES {
        let (guest, _) = load_on(
            Devices::default(),
            &importing(import),
            Deployment::default(),
        );
        let expected = (!needs_no_grant(import)).then(|| LoadError::NotGranted(import.to_string()));
        assert_eq!(guest.err(), expected, "{import}");
    }
}

#[test]
fn what_an_artifact_names_behind_its_types_is_checked_too() {
    let code = super::compile(&component("", &[], "", "(i32.const 4000)"));
    let names = b"wasi:io/poll@0.2.0\nwasi:i2c/i2c@0.2.0-draft";
    let length = (names.len() as u32).to_le_bytes();
    let code = [code, names, &length, b"imports\0"].concat().leak();
    let load = |deployment| {
        let (port, _) = Recorder::new();
        Engine::new(Devices::default()).load_bytes(code, deployment, Box::new(port), &[])
    };
    let name = String::from("wasi:i2c/i2c@0.2.0-draft");
    assert_eq!(
        load(Deployment::default()).err(),
        Some(LoadError::NotGranted(name.clone()))
    );
    assert_eq!(load(granted(&[(&name, &[])])).err(), None);
}

#[test]
fn every_interface_is_linked_with_its_grant() {
    for (import, _) in INTERFACES {
        let (guest, _) = load_on(
            Devices::default(),
            &importing(import),
            granted(&[(import, &[])]),
        );
        assert_eq!(guest.err(), None, "{import}");
    }
}

#[test]
fn components_reach_one_bus_by_their_own_grants() {
    let (devices, ..) = board();
    let bus = devices.find("i2c-env").map(|(_, bus)| bus);
    assert!(matches!(bus, Some(Resource::I2c(_))));
    let grants: [&[&str]; 3] = [&["i2c-env"], &["i2c-aux"], &["i2c-aux", "i2c-env"]];
    let mut guests: Vec<_> = grants
        .iter()
        .map(|labels| {
            let grant = granted(&[("wasi:i2c/i2c@0.2.0-draft", labels)]);
            let (guest, _) = load_on(devices, &reader("i2c-env", SENSOR), grant);
            guest.unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    for _ in 0..2 {
        let texts: Vec<_> = guests
            .iter_mut()
            .map(|guest| run(guest).expect("an answer").result.expect_err("a text"))
            .collect();
        assert_eq!([&texts[0], &texts[2]], ["A!", "A!"]);
        assert_eq!(texts[1].len(), 100, "not-granted");
    }
    let (guest, _) = load_on(devices, &reader("i2c-env", SENSOR), Deployment::default());
    assert!(
        matches!(guest.err(), Some(LoadError::NotGranted(import)) if import.starts_with("wasi:i2c/i2c@"))
    );
}
