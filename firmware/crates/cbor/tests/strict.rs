//! Reading and writing against the examples of RFC 8949, appendix A, and against what strict readers refuse.

use petiole_cbor::{Full, Keys, Kind, Malformed, Reader, Writer};

fn written(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = [0; 64];
    let mut writer = Writer::new(&mut buffer);
    fill(&mut writer);
    let length = writer.finish().unwrap();
    buffer[..length].to_vec()
}

#[test]
fn integers_are_as_in_the_rfc() {
    for (value, bytes) in [
        (0, &[0x00][..]),
        (23, &[0x17]),
        (24, &[0x18, 0x18]),
        (1_000, &[0x19, 0x03, 0xe8]),
        (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
        (
            1_000_000_000_000,
            &[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00],
        ),
        (-1, &[0x20]),
        (-10, &[0x29]),
        (-100, &[0x38, 0x63]),
        (-1_000, &[0x39, 0x03, 0xe7]),
        (
            i64::MIN,
            &[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
    ] {
        assert_eq!(written(|out| _ = out.integer(value)), bytes);
        assert_eq!(Reader::new(bytes).integer(), Ok(value));
        assert_eq!(
            Reader::new(bytes).unsigned().ok(),
            u64::try_from(value).ok()
        );
    }
    assert_eq!(
        Reader::new(&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255]).unsigned(),
        Ok(u64::MAX)
    );
}

#[test]
fn everything_else_is_as_in_the_rfc() {
    let bytes = written(|out| {
        out.map(2)
            .text("a")
            .array(3)
            .boolean(true)
            .boolean(false)
            .null()
            .text("b")
            .tag(1)
            .bytes(&[1, 2]);
    });
    assert_eq!(bytes, b"\xa2\x61a\x83\xf5\xf4\xf6\x61b\xc1\x42\x01\x02");
    let mut reader = Reader::new(&bytes);
    assert_eq!(
        (reader.peek(), reader.map(), reader.text()),
        (Ok(Kind::Map), Ok(2), Ok("a"))
    );
    assert_eq!(reader.array_exactly(3), Ok(()));
    assert_eq!(
        (reader.boolean(), reader.boolean(), reader.null()),
        (Ok(true), Ok(false), Ok(()))
    );
    assert_eq!(
        (reader.text(), reader.tag(1), reader.array_of::<2>()),
        (Ok("b"), Ok(()), Ok(&[1, 2]))
    );
    assert_eq!(reader.end(), Ok(()));
    let mut reader = Reader::new(&bytes);
    assert_eq!((reader.skip(), reader.end()), (Ok(()), Ok(())));
}

#[test]
fn floats_take_the_shorter_form_that_keeps_them() {
    assert_eq!(
        written(|out| _ = out.float(100_000.0)),
        [0xfa, 0x47, 0xc3, 0x50, 0x00]
    );
    assert_eq!(
        written(|out| _ = out.float(1.1)),
        [0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]
    );
    assert_eq!(Reader::new(&[0xfa, 0x00, 0x00, 0x00, 0x00]).skip(), Ok(()));
    assert_eq!(Reader::new(&[0xf9, 0x00, 0x00]).skip(), Ok(()));
}

#[test]
fn what_no_deterministic_writer_makes_is_refused() {
    for bytes in [
        &[][..],
        &[0x18, 0x17],
        &[0x19, 0x00, 0xff],
        &[0x1a, 0x00, 0x00, 0xff, 0xff],
        &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
        &[0x1c],
        &[0x5f, 0x41, 0x01, 0xff],
        &[0x9f, 0xff],
        &[0xbf, 0xff],
        &[0x42, 0x01],
        &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x81],
        &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xff],
    ] {
        assert_eq!(Reader::new(bytes).skip(), Err(Malformed), "{bytes:x?}");
    }
    assert_eq!(
        Reader::new(&[0x61, 0xff]).text(),
        Err(Malformed),
        "no UTF-8"
    );
    assert_eq!(
        Reader::new(&[0x81; 100]).skip(),
        Err(Malformed),
        "nested too deep"
    );
}

#[test]
fn keys_come_in_order_and_once() {
    let mut keys = Keys::new();
    assert_eq!(
        [keys.next(0), keys.next(3), keys.next(3), keys.next(1)],
        [Ok(0), Ok(3), Err(Malformed), Err(Malformed)]
    );
}

#[test]
fn a_writer_that_is_full_says_so_at_the_end() {
    let mut buffer = [0; 4];
    let mut writer = Writer::new(&mut buffer);
    writer.bytes(&[1, 2, 3, 4]).unsigned(1);
    assert_eq!(writer.finish(), Err(Full));
    writer.clear();
    writer.bytes(&[1, 2, 3]);
    assert_eq!(writer.finish(), Ok(4));
}
