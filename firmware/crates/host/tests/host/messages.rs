//! Messages between guests, and between guests and the edge host.

use crate::support::{Bundle, On, Part, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

fn board(bundles: &[Bundle]) -> Small {
    let mut rig = Small::enrolled_with_room(4);
    rig.subscribe(600, None);
    for bundle in bundles {
        rig.deploy(bundle);
    }
    rig.acknowledge();
    rig
}

fn listener(name: &'static str, words: &str, filter: &'static str) -> Bundle {
    Bundle::on(name, words, vec![On::Message(filter)])
}

fn talker(words: &str) -> Bundle {
    Bundle {
        calls: 0,
        ..Bundle::on("talker", words, vec![On::Interval(1_000)])
    }
}

#[test]
fn a_message_goes_to_who_takes_its_subject_and_to_the_edge_host() {
    let mut rig = board(&[
        listener("all", "quiet", "room.>"),
        listener("other", "quiet", "hall.>"),
        talker("publish:room.one:hello quiet"),
    ]);
    rig.pass(1_100);
    assert_eq!(rig.said("message"), ["room.one hello"]);
    let sent = rig.distinct("message");
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (
            sent[0].text("wl").as_deref(),
            sent[0].text("sub").as_deref()
        ),
        (Some("talker"), Some("room.one"))
    );
    assert_eq!(sent[0].find("data").unwrap().bytes().unwrap(), b"hello");
    assert!(sent[0].find("reply").is_none());
}

#[test]
fn components_of_one_workload_hear_each_other() {
    let mut bundle = talker("publish:room.one:hello quiet");
    bundle.more.push(Part {
        name: "ear",
        code: script("quiet ear", 600),
        grants: Vec::new(),
        limits: Vec::new(),
        triggers: vec![On::Message("room.*")],
    });
    let mut rig = board(&[bundle]);
    rig.pass(1_100);
    assert_eq!(rig.said("message"), ["room.one hello"]);
}

#[test]
fn a_request_is_answered_by_a_neighbour() {
    let mut rig = board(&[
        listener("server", "sleep:50 answer quiet", "ask.it"),
        talker("ask:ask.it:500 quiet"),
    ]);
    rig.pass(1_200);
    assert_eq!(rig.said("reply"), ["re:?"]);
    assert_eq!(
        rig.distinct("message").len(),
        1,
        "the answer stays on the board"
    );
}

#[test]
fn a_request_is_answered_from_elsewhere() {
    let mut rig = board(&[talker("ask:far.away:5000 quiet")]);
    rig.pass(1_100);
    let request = rig.distinct("message").pop().unwrap();
    let inbox = request.text("reply").unwrap();
    assert!(inbox.starts_with("_INBOX.desk-1.1."), "{inbox}");
    assert_eq!(rig.message(&inbox, b"from afar", None), Some(1));
    rig.pass(100);
    assert_eq!(rig.said("reply"), ["from afar"]);
    assert_eq!(rig.message(&inbox, b"again", None), Some(0));
}

#[test]
fn a_request_that_nobody_answers_ends_in_time() {
    let mut rig = board(&[talker("ask:far.away:300 quiet")]);
    rig.pass(1_250);
    assert_eq!(rig.said("reply"), [""; 0]);
    rig.pass(100);
    assert_eq!(rig.said("reply"), ["timeout"]);
}

#[test]
fn messages_from_elsewhere_reach_the_guests_that_take_them() {
    let mut rig = board(&[
        listener("one", "answer quiet", "room.>"),
        listener("two", "quiet", "*.lamp"),
    ]);
    assert_eq!(
        rig.message("room.lamp", b"on", Some("fleet.answers")),
        Some(2)
    );
    assert_eq!(rig.message("hall.door", b"open", None), Some(0));
    assert_eq!(rig.message("room.*", b"on", None), None);
    assert_eq!(rig.message("room.lamp", &[0; 1_025], None), None);
    rig.pass(10);
    assert_eq!(rig.said("message"), ["room.lamp on", "room.lamp on"]);
    let answer = rig.distinct("message").pop().unwrap();
    assert_eq!(answer.text("sub").as_deref(), Some("fleet.answers"));
    assert_eq!(answer.find("data").unwrap().bytes().unwrap(), b"re:on");
}

#[test]
fn what_comes_faster_than_a_guest_takes_it_is_dropped_and_counted() {
    let mut rig = board(&[listener("slow", "sleep:1000 quiet", "a")]);
    let taken: u64 = (0..20).map(|_| rig.message("a", b"", None).unwrap()).sum();
    assert_eq!(taken, 8);
    rig.pass(10_000);
    let dropped = rig.distinct("dropped");
    assert_eq!(dropped.len(), 1);
    assert_eq!(
        (
            dropped[0].text("comp").as_deref(),
            dropped[0].number("count")
        ),
        (Some("main"), Some(12))
    );
}
