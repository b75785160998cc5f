use super::*;
use alloc::vec;

fn frames(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frames(message, &mut |line| {
        assert!(line.len() <= MAX_LINE);
        bytes.extend_from_slice(line);
    });
    bytes
}

fn feed(deframer: &mut Deframer, bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .iter()
        .filter_map(|byte| deframer.feed(*byte).map(<[u8]>::to_vec))
        .collect()
}

#[test]
fn crc_has_the_check_value_of_its_catalogue() {
    assert_eq!(crc16(b"123456789"), 0x31c3);
}

#[test]
fn messages_of_every_size_come_back() {
    let mut deframer = Deframer::new();
    for size in (0..300).chain([1000, MAX_MESSAGE]) {
        let message: Vec<u8> = (0..size).map(|n| n as u8).collect();
        let bytes = frames(&message);
        assert_eq!(bytes.len(), framed_size(size));
        assert_eq!(feed(&mut deframer, &bytes), [message]);
    }
}

#[test]
fn noise_between_frames_is_passed_over() {
    let mut deframer = Deframer::new();
    let mut bytes = b"boot log\r\n\x06\n\x04\x14AAAA\n".to_vec();
    bytes.extend(frames(b"one"));
    bytes.extend(vec![b'x'; 4000]);
    bytes.push(b'\n');
    bytes.extend(frames(b"two"));
    assert_eq!(
        feed(&mut deframer, &bytes),
        [b"one".to_vec(), b"two".to_vec()]
    );
}

#[test]
fn a_flipped_bit_anywhere_loses_one_message_at_most() {
    let message: Vec<u8> = (0..200).map(|n| n as u8).collect();
    let bytes = frames(&message);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut broken = bytes.clone();
            broken[at] ^= 1 << bit;
            let mut deframer = Deframer::new();
            assert!(
                feed(&mut deframer, &broken)
                    .iter()
                    .all(|found| *found == message),
                "{at} {bit}"
            );
            feed(&mut deframer, b"\n");
            assert_eq!(feed(&mut deframer, &bytes), core::slice::from_ref(&message));
        }
    }
}

#[test]
fn a_message_longer_than_the_buffer_is_dropped() {
    let mut deframer = Deframer::new();
    assert!(feed(&mut deframer, &frames(&[0; MAX_MESSAGE + 1])).is_empty());
    assert_eq!(feed(&mut deframer, &frames(&[0; MAX_MESSAGE])).len(), 1);
}
