//! A serial line full of anything: messages that come out survive framing again, and each is answered without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use petiole_cbor::Writer;
use petiole_link::{
    Deframer, Fault, Header, Image, Outcome, Request, Service, answer, write_frames,
};

struct Echo;

impl Service for Echo {
    fn call(&mut self, request: &Request<'_>, out: &mut Writer<'_>) -> Result<Outcome, Fault> {
        out.map(1).text("d").bytes(request.body);
        Ok(Outcome::Done)
    }

    fn image(&self) -> Image {
        Image { version: "0" }
    }

    fn reset(&mut self) {}
}

fn check(message: &[u8]) {
    let mut again = Deframer::new();
    let mut found = false;
    write_frames(message, |line| {
        found |= line.iter().any(|byte| again.feed(*byte) == Some(message))
    });
    assert!(found);
    if let Some(reply) = answer(message, &mut Echo) {
        assert!(Header::split(&reply).is_some());
    }
}

fuzz_target!(|data: &[u8]| {
    check(&data[..data.len().min(petiole_link::MAX_MESSAGE)]);
    let mut deframer = Deframer::new();
    for byte in data {
        if let Some(message) = deframer.feed(*byte) {
            check(&message.to_vec());
        }
    }
});
