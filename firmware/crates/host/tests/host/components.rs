//! Workloads of several components, and several workloads.

use crate::support::{Bundle, On, Part, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

const SENSOR: &str = "lab:sensor/read@0.1.0";
const STORE: &str = "lab:store/keep@0.1.0";

fn part(name: &'static str, words: &str, uses: &[(&'static str, &'static str)]) -> Part {
    Part {
        name,
        code: script(words, 700),
        grants: uses
            .iter()
            .map(|(import, peer)| (*import, vec![*peer]))
            .collect(),
        limits: Vec::new(),
        triggers: Vec::new(),
    }
}

/// `main` uses `sensor`, which uses `store`.
fn chain() -> Bundle {
    Bundle {
        grants: vec![(SENSOR, vec!["sensor"])],
        more: vec![
            part("sensor", "fine sensor", &[(STORE, "store")]),
            part("store", "fine store", &[]),
        ],
        ..Bundle::new(1, "1.0.0", script("fine main", 900))
    }
}

#[test]
fn providers_are_there_before_consumers() {
    let mut rig = Small::enrolled();
    rig.subscribe(600, None);
    rig.deploy(&chain());
    assert_eq!(rig.said("peers"), ["store", "store sensor"]);
    assert_eq!(rig.row("thermometer").calls, 3);
}

#[test]
fn components_that_use_each_other_in_a_ring_are_refused() {
    let mut rig = Small::enrolled();
    let mut bundle = chain();
    bundle.more[1] = part("store", "fine", &[(SENSOR, "main")]);
    let answer = rig.send_envelope(&bundle.envelope());
    assert_eq!(
        answer.text("rsn").as_deref(),
        Some("incompatible: component main uses itself through others")
    );
}

#[test]
fn a_peer_that_is_not_there_is_no_label() {
    let mut rig = Small::enrolled();
    let mut bundle = chain();
    bundle.more.pop();
    let answer = rig.send_envelope(&bundle.envelope());
    assert_eq!(
        answer.text("rsn").as_deref(),
        Some("no-such-label: store for lab:store/keep")
    );
}

#[test]
fn all_components_stop_and_start_together() {
    let mut rig = Small::enrolled();
    let mut bundle = chain();
    bundle.more[1] = Part {
        triggers: vec![On::Interval(1_000)],
        ..part("store", "trap:5", &[])
    };
    rig.deploy(&bundle);
    rig.subscribe(600, None);
    rig.pass(2_100);
    let row = rig.row("thermometer");
    assert_eq!((row.calls, &*row.reason), (0, "trap: as the script says"));
    let stops = rig.distinct("stop");
    assert_eq!(stops.len(), 1);
    assert_eq!(stops[0].text("comp").as_deref(), Some("store"));
    rig.pass(3_000);
    assert_eq!(
        rig.row("thermometer").calls,
        4,
        "both run again a second later"
    );
    assert_eq!(rig.row("thermometer").reason, "");
}

#[test]
fn each_component_has_to_prove_itself() {
    let mut rig = Small::enrolled();
    let mut bundle = chain();
    bundle.more[0].triggers = vec![On::Interval(9_000)];
    rig.install(&bundle);
    rig.activate("thermometer");
    rig.confirm("thermometer", 1);
    rig.pass(26_000);
    assert_eq!(rig.row("thermometer").state, "probation");
    rig.pass(1_500);
    assert_eq!(rig.row("thermometer").state, "confirmed");
}

#[test]
fn four_workloads_go_their_own_ways() {
    let mut rig = Small::enrolled_with_room(4);
    let names = ["one", "two", "three", "four"];
    for name in names {
        rig.deploy(&Bundle { name, ..chain() });
    }
    let calls = |rig: &mut Small, name: &str| rig.row(name).calls;
    let before = names.map(|name| calls(&mut rig, name));
    rig.remove("two");
    rig.deploy(&Bundle {
        name: "three",
        version: "2.0.0",
        sequence: 2,
        ..chain()
    });
    rig.restart("four");
    rig.pass(2_000);
    assert_eq!(rig.rows().len(), 3);
    assert_eq!(calls(&mut rig, "one"), before[0] + 5);
    assert_eq!(calls(&mut rig, "three"), 5);
    assert_eq!(calls(&mut rig, "four"), 2);
    rig.deploy(&Bundle {
        name: "five",
        ..chain()
    });
    rig.boot();
    rig.pass(1_100);
    for name in ["one", "three", "four", "five"] {
        assert_eq!(
            (&*rig.row(name).state, calls(&mut rig, name)),
            ("confirmed", 1),
            "{name}"
        );
    }
}

#[test]
fn a_workload_that_traps_leaves_its_neighbours_alone() {
    let mut rig = Small::enrolled();
    rig.deploy(&chain());
    rig.deploy(&Bundle {
        name: "bad",
        calls: 1,
        ..Bundle::new(1, "1.0.0", script("trap:3", 600))
    });
    let before = rig.row("thermometer").calls;
    rig.pass(30_000);
    assert_eq!(rig.row("thermometer").calls, before + 30);
    assert_eq!(rig.row("bad").reason, "trap: as the script says");
}

#[test]
fn more_components_than_a_board_takes_are_refused() {
    let mut rig = Small::enrolled();
    let mut bundle = chain();
    bundle
        .more
        .extend([part("b", "fine", &[]), part("c", "fine", &[])]);
    assert_ne!(rig.send_envelope(&bundle.envelope()).refusal(), "");
}
