//! Messages that no client of ours sends: each is answered or passed over, nothing panics, what runs goes on.

use crate::support::{Bundle, Rig, SMALL_BLOCKS, command, script};

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Bodies that are nearly right, to get past the first checks.
const BODIES: [&[u8]; 10] = [
    b"\xa1\x64name\x6bthermometer",
    b"\xa2\x63off\x00\x64data\x44\x00\x01\x02\x03",
    b"\xa3\x63off\x00\x63len\x19\x10\x00\x64data\x44\x00\x01\x02\x03",
    b"\xa2\x65lease\x0a\x63ack\x82\x01\x05",
    b"\xa2\x64name\x6bthermometer\x63seq\x01",
    b"\xa1\x65nonce\x58\x20",
    b"\xa2\x63sub\x63a.b\x64data\x42\x00\x01",
    b"\xa2\x64unix\x1b\x00\x00\x01\x90\x00\x00\x00\x00\x63unc\x05",
    b"\xa1\x63msg\x58\x03\x84\x43\xa1",
    b"\xa2\x64name\x69log/level\x63val\x44warn",
];

#[test]
fn random_requests_do_no_harm() {
    let mut rig = Rig::<SMALL_BLOCKS>::enrolled();
    let bundle = Bundle::new(1, "1", script("fine", 2_000));
    rig.deploy(&bundle);
    let mut numbers = Numbers(0xfeed_beef);
    for _ in 0..20_000 {
        let mut body = BODIES[numbers.next() as usize % BODIES.len()].to_vec();
        for _ in 0..numbers.next() % 3 {
            let at = numbers.next() as usize % body.len();
            body[at] = numbers.next() as u8;
        }
        let command = (numbers.next() % 16) as u8;
        if command != command::REMOVE {
            let group = [0, 1, 2, 3, 64, 64, 64, 64, 64, 9][numbers.next() as usize % 10];
            rig.request(group, command, numbers.next().is_multiple_of(2), &body);
        }
    }
    assert_eq!(rig.row("thermometer").state, "confirmed");
    let calls = rig.row("thermometer").calls;
    rig.pass(3_000);
    assert_eq!(rig.row("thermometer").calls, calls + 3);
}

#[test]
fn bytes_that_are_no_frames_are_passed_over() {
    let mut rig = Rig::<SMALL_BLOCKS>::enrolled();
    let mut numbers = Numbers(0xdead_cafe);
    let noise: Vec<u8> = (0..100_000)
        .map(|_| [6, 9, 4, 20, 10, 65][numbers.next() as usize % 6])
        .collect();
    rig.feed(&noise);
    rig.feed(b"\n");
    assert!(
        rig.request(64, command::FACTS, false, &[0xa0])
            .text("board")
            .is_some()
    );
}
