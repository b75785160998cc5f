//! Bytes of the serial line.

use petiole_cbor::{Kind, Reader, Writer};
use petiole_link::{
    Deframer, Fault, Header, Image, MAX_MESSAGE, Outcome, Request, Service, answer, write_frames,
};

/// CBOR: reading item after item ends, never beyond the bytes; what can be passed over is read the same and can be written again.
pub fn cbor(data: &[u8]) {
    let mut whole = Reader::new(data);
    if whole.skip().is_ok() {
        let size = data.len() - whole.rest().len();
        let mut buffer = vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        let mut reader = Reader::new(&data[..size]);
        if copy(&mut reader, &mut writer) {
            assert_eq!(writer.finish(), Ok(size));
            assert_eq!(buffer, data[..size]);
        }
    }
    let mut reader = Reader::new(data);
    let mut left = data.len() + 1;
    while reader.rest().len() < left {
        left = reader.rest().len();
        let one = match reader.peek() {
            Ok(Kind::Unsigned) => reader.unsigned().map(drop),
            Ok(Kind::Negative) => reader.integer().map(drop),
            Ok(Kind::Bytes) => reader.bytes().map(drop),
            Ok(Kind::Text) => reader.text().map(drop),
            Ok(Kind::Array) => reader.array().map(drop),
            Ok(Kind::Map) => reader.map().map(drop),
            Ok(_) => reader.skip(),
            Err(_) => return,
        };
        if one.is_err() {
            return;
        }
    }
}

/// Copies one item; false where the writer has no such item.
fn copy(reader: &mut Reader<'_>, writer: &mut Writer<'_>) -> bool {
    let before = *reader;
    match reader.peek() {
        Ok(Kind::Unsigned) => reader
            .unsigned()
            .map(|number| _ = writer.unsigned(number))
            .is_ok(),
        Ok(Kind::Negative) => reader
            .integer()
            .map(|number| _ = writer.integer(number))
            .is_ok(),
        Ok(Kind::Bytes) => reader.bytes().map(|bytes| _ = writer.bytes(bytes)).is_ok(),
        // `skip` does not look into texts.
        Ok(Kind::Text) => reader.text().map(|text| _ = writer.text(text)).is_ok(),
        Ok(Kind::Array) => {
            let count = reader.array().expect("it was passed over before");
            writer.array(count);
            (0..count).all(|_| copy(reader, writer))
        }
        Ok(Kind::Map) => {
            let count = reader.map().expect("it was passed over before");
            writer.map(count);
            (0..2 * count).all(|_| copy(reader, writer))
        }
        _ => {
            reader.skip().expect("it was passed over before");
            writer.raw(&before.rest()[..before.rest().len() - reader.rest().len()]);
            true
        }
    }
}

/// A serial line full of anything: messages that come out survive framing again, and each is answered in kind.
pub fn frames(data: &[u8]) {
    check_message(&data[..data.len().min(MAX_MESSAGE)]);
    let mut deframer = Deframer::new();
    for byte in data {
        if let Some(message) = deframer.feed(*byte) {
            check_message(message);
        }
    }
}

fn check_message(message: &[u8]) {
    let mut again = Deframer::new();
    let mut found = false;
    write_frames(message, &mut |line| {
        found |= line.iter().any(|byte| again.feed(*byte) == Some(message));
    });
    assert!(found);
    if let Some(reply) = answer(message, &mut Echo) {
        let (asked, _) = Header::split(message).expect("only requests are answered");
        let (header, body) = Header::split(&reply).expect("an answer has a header");
        assert_eq!(header, asked.answer());
        assert!(Reader::new(body).map().is_ok());
    }
}

struct Echo;

impl Service for Echo {
    fn call(&mut self, request: &Request<'_>, out: &mut Writer<'_>) -> Result<Outcome, Fault> {
        out.map(1).text("d").bytes(request.body);
        Ok(Outcome::Done)
    }

    fn image(&self) -> Image {
        Image {
            version: "0",
            board: "none",
        }
    }

    fn reset(&mut self) {}
}
