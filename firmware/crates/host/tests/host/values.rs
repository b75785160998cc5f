//! What guests keep.

use crate::support::{Bundle, On, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

fn keeper(sequence: u64, name: &'static str, words: &str) -> Bundle {
    Bundle {
        sequence,
        grants: vec![("wasi:keyvalue/store@0.2.0-draft", vec!["b"])],
        code: script(words, 600),
        ..Bundle::on(name, words, vec![On::Start])
    }
}

#[test]
fn values_outlive_a_restart_a_reset_and_an_update() {
    let mut rig = Small::enrolled();
    rig.subscribe(600, None);
    rig.deploy(&keeper(1, "thermometer", "get:a set:a:20 quiet"));
    rig.restart("thermometer");
    rig.pass(10);
    assert_eq!(rig.said("get"), ["none", "20"]);
    rig.boot();
    rig.events.clear();
    rig.subscribe(600, None);
    rig.pass(10);
    rig.deploy(&keeper(2, "thermometer", "get:a quiet"));
    assert_eq!(rig.said("get"), ["20", "20"]);
}

#[test]
fn workloads_do_not_see_each_others_values() {
    let mut rig = Small::enrolled();
    rig.subscribe(600, None);
    rig.deploy(&keeper(1, "thermometer", "set:a:20 quiet"));
    rig.deploy(&keeper(1, "other", "get:a quiet"));
    assert_eq!(rig.said("get"), ["none"]);
}

#[test]
fn values_go_with_their_workload() {
    let mut rig = Small::enrolled();
    rig.subscribe(600, None);
    rig.deploy(&keeper(1, "thermometer", "set:a:20 quiet"));
    rig.remove("thermometer");
    rig.deploy(&keeper(2, "thermometer", "get:a quiet"));
    assert_eq!(rig.said("get"), ["none"]);
}
