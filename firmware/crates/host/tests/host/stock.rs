//! What stock MCUmgr tools ask.

use petiole_cbor::Reader;

use crate::support::{Bundle, Rig, SMALL_BLOCKS, script};

type Small = Rig<SMALL_BLOCKS>;

const OS: u16 = 0;
const STATISTICS: u16 = 2;
const SETTINGS: u16 = 3;

fn board() -> Small {
    let mut rig = Small::enrolled();
    rig.deploy(&Bundle::new(1, "1.0.0", script("fine", 600)));
    rig
}

/// The value under `name` in the map that comes next.
fn within<'a>(mut reader: Reader<'a>, name: &str) -> Option<Reader<'a>> {
    for _ in 0..reader.map().ok()? {
        if reader.text().ok()? == name {
            return Some(reader);
        }
        reader.skip().ok()?;
    }
    None
}

#[test]
fn each_component_is_a_task() {
    let mut rig = board();
    let answer = rig.request(OS, 2, false, &[0xa0]);
    let task = within(answer.find("tasks").unwrap(), "thermometer/main").unwrap();
    let number = |name| within(task, name).unwrap().unsigned().unwrap();
    assert_eq!((number("cswcnt"), number("runtime")), (3, 3_000));
    assert_eq!((number("stkuse"), number("stksiz")), (128, 1_024));
}

#[test]
fn the_clock_is_set_and_read() {
    let mut rig = board();
    assert!(
        rig.request(OS, 4, false, &[0xa0])
            .text("datetime")
            .is_none()
    );
    let body = b"\xa1\x68datetime\x73" as &[u8];
    rig.request(OS, 4, true, &[body, b"2026-11-21T14:30:05"].concat());
    rig.pass(2_000);
    let told = rig.request(OS, 4, false, &[0xa0]).text("datetime").unwrap();
    assert!(told.starts_with("2026-11-21T14:30:07"), "{told}");
}

#[test]
fn statistics_count() {
    let mut rig = board();
    let groups = rig.request(STATISTICS, 1, false, &[0xa0]);
    let mut list = groups.find("stat_list").unwrap();
    assert_eq!((list.array(), list.text()), (Ok(1), Ok("host")));
    let answer = rig.request(STATISTICS, 0, false, b"\xa1\x64name\x64host");
    let fields = answer.find("fields").unwrap();
    let number = |name| within(fields, name).unwrap().unsigned().unwrap();
    assert_eq!((number("components"), number("calls")), (1, 3));
    assert_eq!((number("starts"), number("stops")), (1, 0));
}

fn level(rig: &mut Small) -> Vec<u8> {
    let answer = rig.request(SETTINGS, 0, false, b"\xa1\x64name\x69log/level");
    answer.find("val").unwrap().bytes().unwrap().to_vec()
}

#[test]
fn the_log_level_is_kept_and_obeyed() {
    let mut rig = board();
    assert_eq!(level(&mut rig), b"trace");
    let set = |rig: &mut Small, value: &[u8]| {
        let mut body = b"\xa2\x64name\x69log/level\x63val".to_vec();
        body.push(0x40 + value.len() as u8);
        body.extend_from_slice(value);
        rig.request(SETTINGS, 0, true, &body)
    };
    set(&mut rig, b"loud");
    assert_eq!(level(&mut rig), b"trace");
    set(&mut rig, b"warn");
    rig.boot();
    assert_eq!(level(&mut rig), b"warn");
    rig.subscribe(600, None);
    rig.pass(3_000);
    assert_eq!(rig.said("script"), [""; 0]);
    assert!(!rig.distinct("telemetry").is_empty());
}
