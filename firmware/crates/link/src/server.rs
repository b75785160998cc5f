//! Requests to answers.

use alloc::string::String;
use alloc::vec::Vec;

use petiole_cbor::{Malformed, Writer};

use crate::frame::MAX_MESSAGE;
use crate::header::{Header, Operation, SIZE};
use crate::stock::{self, Image, Task};

const GROUP_PETIOLE: u16 = 64;
const COMMAND_EVENT: u8 = 16;

/// MCUmgr's own errors, group independent.
pub mod rc {
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

    /// Hands every task to `row`.
    fn tasks(&mut self, _row: &mut dyn FnMut(&Task<'_>)) {}

    /// Wall time, milliseconds since 1970; none while it is not known.
    fn unix_ms(&mut self) -> Option<u64> {
        None
    }

    /// Sets the wall time; false where there is none to be set.
    fn set_unix_ms(&mut self, _unix_ms: u64) -> bool {
        false
    }

    /// Names of the groups of statistics.
    fn statistic_groups(&self) -> &'static [&'static str] {
        &[]
    }

    /// Hands the name and value of every statistic of a group to `field`.
    fn statistics(&mut self, _group: &str, _field: &mut dyn FnMut(&str, u64)) {}

    /// The value of a setting; none where there is no such setting.
    fn setting(&mut self, _name: &str) -> Option<String> {
        None
    }

    /// Changes a setting and keeps it; false where it cannot have this value.
    fn set_setting(&mut self, _name: &str, _value: &str) -> bool {
        false
    }
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
        (Ok(()), Err(_)) => Err(Error::plain(rc::TOO_LARGE)),
        (Err(error), _) => Err(error),
    };
    let length = result.or_else(|error| {
        writer.clear();
        write_error(&header, &error, &mut writer);
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

/// How a request fails.
pub struct Error {
    /// The group whose code it is; none for MCUmgr's own.
    group: Option<u16>,
    rc: u16,
    reason: String,
}

impl Error {
    /// One of MCUmgr's own errors.
    pub const fn plain(rc: u16) -> Self {
        Self {
            group: None,
            rc,
            reason: String::new(),
        }
    }

    /// An error of a group.
    pub const fn of(group: u16, rc: u16) -> Self {
        Self {
            group: Some(group),
            rc,
            reason: String::new(),
        }
    }
}

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self::plain(rc::INVALID)
    }
}

fn dispatch(
    header: &Header,
    body: &[u8],
    service: &mut dyn Service,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    let write = header.operation == Operation::Write;
    if header.group != GROUP_PETIOLE {
        let asked = (header.group, header.command, write);
        return stock::answer(asked, body, service, out);
    }
    let request = Request {
        write,
        command: header.command,
        body,
    };
    match service.call(&request, out) {
        Ok(Outcome::Done) => Ok(()),
        Ok(Outcome::Unknown) => Err(Error::plain(rc::NOT_SUPPORTED)),
        Err(fault) => Err(Error {
            group: Some(GROUP_PETIOLE),
            rc: fault.rc,
            reason: fault.reason,
        }),
    }
}

/// Version 1 clients know one number; version 2 clients know the group of an error, except for MCUmgr's own.
fn write_error(header: &Header, error: &Error, out: &mut Writer<'_>) {
    let extra = usize::from(!error.reason.is_empty());
    out.map(1 + extra);
    match error.group.filter(|_| header.version > 0) {
        None => out.text("rc"),
        Some(group) => out
            .text("err")
            .map(2)
            .text("group")
            .unsigned(u64::from(group))
            .text("rc"),
    }
    .unsigned(u64::from(error.rc));
    if extra == 1 {
        out.text("rsn").text(&error.reason);
    }
}
