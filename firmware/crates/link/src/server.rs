//! Requests to answers.

use alloc::string::String;
use alloc::vec::Vec;

use petiole_cbor::{Malformed, Reader, Writer};

use crate::frame::MAX_MESSAGE;
use crate::header::{Header, Operation, SIZE};

const GROUP_OS: u16 = 0;
const GROUP_IMAGE: u16 = 1;
const GROUP_PETIOLE: u16 = 64;
const OS_ECHO: u8 = 0;
const OS_RESET: u8 = 5;
const OS_PARAMETERS: u8 = 6;
const IMAGE_STATE: u8 = 0;
const COMMAND_EVENT: u8 = 16;

/// MCUmgr's own errors, group independent.
mod rc {
    pub const INVALID: u16 = 3;
    pub const TOO_LARGE: u16 = 7;
    pub const NOT_SUPPORTED: u16 = 8;
}

/// A request refused by a [`Service`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Return code of group 64.
    pub rc: u16,
    /// What went wrong, for people; may be empty.
    pub reason: String,
}

/// One request of group 64.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whether it is a write.
    pub write: bool,
    /// Command id.
    pub command: u8,
    /// The CBOR map.
    pub body: &'a [u8],
}

/// How a service ended a request.
pub enum Outcome {
    /// The answer was written.
    Done,
    /// There is no such command.
    Unknown,
}

/// What image state answers.
#[derive(Debug, Clone, Copy)]
pub struct Image {
    /// Version of the running firmware.
    pub version: &'static str,
}

/// The board behind the server.
pub trait Service {
    /// Answers a request of group 64 with one CBOR map into `out`.
    ///
    /// # Errors
    /// A [`Fault`], after which what was written is thrown away.
    fn call(&mut self, request: &Request<'_>, out: &mut Writer<'_>) -> Result<Outcome, Fault>;

    /// The running firmware.
    fn image(&self) -> Image;

    /// Asks for a reset, to be done after the answer is out.
    fn reset(&mut self);
}

/// A message that goes out.
pub type Answer = Vec<u8>;

/// Answers one message. None for what is no request.
pub fn answer(message: &[u8], service: &mut dyn Service) -> Option<Answer> {
    let (header, body) = Header::split(message)?;
    if !matches!(header.operation, Operation::Read | Operation::Write) {
        return None;
    }
    let mut out = alloc::vec![0; MAX_MESSAGE];
    let mut writer = Writer::new(&mut out[SIZE..]);
    let result = dispatch(&header, body, service, &mut writer);
    let result = match (result, writer.finish()) {
        (Ok(()), Ok(length)) => Ok(length),
        (Ok(()), Err(_)) => Err((0, rc::TOO_LARGE, String::new())),
        (Err(error), _) => Err(error),
    };
    let length = result.or_else(|(group, rc, reason)| {
        writer.clear();
        write_error(&header, group, rc, &reason, &mut writer);
        writer.finish()
    });
    Some(finish(out, &header.answer(), length.ok()?))
}

/// The message of an event: a write from the board that wants no answer. `fill` writes its CBOR map.
pub fn event(sequence: u8, body: &[u8]) -> Answer {
    let header = Header {
        operation: Operation::Write,
        version: 1,
        group: GROUP_PETIOLE,
        sequence,
        command: COMMAND_EVENT,
    };
    let mut message = Vec::with_capacity(SIZE + body.len());
    message.extend_from_slice(&header.bytes(body.len() as u16));
    message.extend_from_slice(body);
    message
}

fn finish(mut out: Vec<u8>, header: &Header, length: usize) -> Answer {
    out.truncate(SIZE + length);
    out[..SIZE].copy_from_slice(&header.bytes(length as u16));
    out
}

type Error = (u16, u16, String);

fn plain(rc: u16) -> Error {
    (0, rc, String::new())
}

fn dispatch(
    header: &Header,
    body: &[u8],
    service: &mut dyn Service,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    let write = header.operation == Operation::Write;
    match (header.group, header.command, write) {
        // Echo is specified as a write; some clients read.
        (GROUP_OS, OS_ECHO, _) => {
            let text = field_d(body).map_err(|Malformed| plain(rc::INVALID))?;
            out.map(1).text("r").text(text);
        }
        (GROUP_OS, OS_RESET, true) => {
            service.reset();
            out.map(0);
        }
        (GROUP_OS, OS_PARAMETERS, false) => {
            out.map(2)
                .text("buf_size")
                .unsigned(MAX_MESSAGE as u64 + 4)
                .text("buf_count")
                .unsigned(1);
        }
        (GROUP_IMAGE, IMAGE_STATE, false) => {
            let image = service.image();
            out.map(2).text("images").array(1).map(6);
            out.text("slot")
                .unsigned(0)
                .text("version")
                .text(image.version)
                .text("bootable")
                .boolean(true);
            out.text("pending")
                .boolean(false)
                .text("confirmed")
                .boolean(true)
                .text("active")
                .boolean(true);
            out.text("splitStatus").unsigned(0);
        }
        (GROUP_PETIOLE, command, write) => {
            let request = Request {
                write,
                command,
                body,
            };
            match service.call(&request, out) {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Unknown) => return Err(plain(rc::NOT_SUPPORTED)),
                Err(fault) => return Err((GROUP_PETIOLE, fault.rc, fault.reason)),
            }
        }
        _ => return Err(plain(rc::NOT_SUPPORTED)),
    }
    Ok(())
}

/// Version 1 clients know one number; version 2 clients know the group of an error, except for MCUmgr's own.
fn write_error(header: &Header, group: u16, rc: u16, reason: &str, out: &mut Writer<'_>) {
    let extra = usize::from(!reason.is_empty());
    out.map(1 + extra);
    if header.version == 0 || group == 0 {
        out.text("rc").unsigned(u64::from(rc));
    } else {
        out.text("err")
            .map(2)
            .text("group")
            .unsigned(u64::from(group))
            .text("rc")
            .unsigned(u64::from(rc));
    }
    if extra == 1 {
        out.text("rsn").text(reason);
    }
}

fn field_d(body: &[u8]) -> Result<&str, Malformed> {
    let mut reader = Reader::new(body);
    for _ in 0..reader.map()? {
        if reader.text()? == "d" {
            return reader.text();
        }
        reader.skip()?;
    }
    Err(Malformed)
}
