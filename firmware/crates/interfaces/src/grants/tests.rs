use alloc::vec::Vec;

use super::{Config, Grants};

#[test]
fn nothing_is_granted_by_default() {
    let grants = Grants::new();
    assert!(!grants.allows("wasi:logging/logging@0.1.0-draft"));
    assert!(!grants.allows_label("wasi:i2c/i2c", "i2c-env"));
}

#[test]
fn a_grant_holds_for_the_full_name_alone() {
    let mut grants = Grants::new();
    grants.allow("wasi:clocks/monotonic-clock@0.2.0", []);
    assert!(grants.allows("wasi:clocks/monotonic-clock@0.2.0"));
    for other in [
        "wasi:clocks/monotonic-clock@0.2.1",
        "wasi:clocks/monotonic-clock",
        "wasi:clocks/wall-clock@0.2.0",
        "",
    ] {
        assert!(!grants.allows(other), "{other}");
    }
}

#[test]
fn companions_come_with_their_interface() {
    for (main, companion) in [
        ("wasi:i2c/i2c@0.2.0-draft", "petiole:i2c/buses@0.1.0"),
        (
            "wasi:clocks/wall-clock@0.2.0",
            "petiole:clock/synchronization@0.1.0",
        ),
    ] {
        let mut grants = Grants::new();
        assert!(!grants.allows(companion));
        grants.allow(main, []);
        assert!(grants.allows(companion));
    }
}

#[test]
fn what_reaches_nothing_needs_no_grant() {
    let grants = Grants::new();
    assert!(grants.allows("wasi:io/poll@0.2.0"));
    assert!(grants.allows("wasi:gpio/types@0.2.0"));
    assert!(grants.allows("wasmcloud:messaging/types@0.2.0"));
    assert!(!grants.allows("wasi:io/streams@0.2.0"));
    assert!(!grants.allows("wasmcloud:messaging/consumer@0.2.0"));
}

#[test]
fn labels_belong_to_their_interface() {
    let mut grants = Grants::new();
    grants.allow("wasi:i2c/i2c@0.2.0-draft", ["i2c-env", "i2c-aux"]);
    grants.allow("wasi:gpio/digital@0.2.0", ["led"]);
    assert!(grants.allows_label("wasi:i2c/i2c", "i2c-aux"));
    assert!(grants.allows_label("wasi:gpio/digital", "led"));
    assert!(!grants.allows_label("wasi:i2c/i2c", "led"));
    assert!(!grants.allows_label("wasi:i2c/i2", "i2c-env"));
    assert!(grants.labels("wasi:i2c/i2c").eq(["i2c-env", "i2c-aux"]));
}

#[test]
fn config_keeps_its_order() {
    let mut config = Config::new();
    config.set("samples", "4");
    config.set("name", "");
    assert_eq!(config.get("samples"), Some("4"));
    assert_eq!(config.get("other"), None);
    assert_eq!(
        config.iter().collect::<Vec<_>>(),
        [("samples", "4"), ("name", "")]
    );
}
