//! The state of one workload (formats reference, section 6).
//!
//! ```text
//!            +--------- Erasing{0} <- new envelope (any phase but Probation)
//!            v
//! none -> Erasing -> Downloading -> Staged -> Probation -> (release becomes `running`)
//!                       |   ^         |           |
//!                 (torn word: Erasing{n})         '-> outcome rolled-back
//!                       '-> outcome failed <------'
//! ```

use alloc::string::String;

use petiole_cbor::{Kind, Malformed, Reader, Writer};

/// Longest text kept of a reason, bytes.
const MAX_REASON: usize = 128;

/// Highest accepted sequence number of a name, and the manifest digest that had it.
pub type Accepted = (u64, [u8; 32]);

/// One of the two slots of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// The first slot.
    A = 0,
    /// The second slot.
    B = 1,
}

impl Side {
    /// The other slot.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Where a release lies: its envelope at the start of the slot, its code behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The slot.
    pub side: Side,
    /// Size of the envelope, bytes.
    pub envelope: u32,
    /// Size of the code, bytes.
    pub code: u32,
}

/// How far a release on its way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The slot is being erased from this offset on; 0: its envelope is gone too.
    Erasing(u32),
    /// The envelope is complete, code arrives.
    Downloading,
    /// All is there and verified.
    Staged,
    /// It runs, and has to show that it works. Counts the boots since.
    Probation(u8),
}

/// A release on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Where it lies.
    pub release: Release,
    /// How far it has come.
    pub phase: Phase,
}

/// How the last release ended that did not become the running one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Version for people.
    pub version: String,
    /// Sequence number.
    pub sequence: u64,
    /// Manifest digest.
    pub release: [u8; 32],
    /// Whether it ran and was rolled back; otherwise it failed before.
    pub rolled_back: bool,
    /// Why.
    pub reason: String,
}

/// All that is known of one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Highest accepted sequence number and the manifest digest that had it.
    pub accepted: Accepted,
    /// The confirmed release.
    pub running: Option<Release>,
    /// The release on its way.
    pub next: Option<Candidate>,
    /// How the last attempt ended, until the next begins.
    pub outcome: Option<Outcome>,
    /// Why the confirmed release is not started any more; none while it may run.
    pub stopped: Option<String>,
}

impl Record {
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.array(6).text(&self.name);
        writer
            .array(2)
            .unsigned(self.accepted.0)
            .bytes(&self.accepted.1);
        match &self.running {
            Some(release) => release.encode(writer),
            None => {
                writer.null();
            }
        }
        match &self.next {
            Some(candidate) => {
                writer.array(3);
                candidate.release.encode(writer);
                let (number, value) = match candidate.phase {
                    Phase::Erasing(from) => (0, from),
                    Phase::Downloading => (1, 0),
                    Phase::Staged => (2, 0),
                    Phase::Probation(boots) => (3, u32::from(boots)),
                };
                writer.unsigned(number).unsigned(u64::from(value));
            }
            None => {
                writer.null();
            }
        }
        match &self.outcome {
            Some(outcome) => {
                writer
                    .array(5)
                    .text(&outcome.version)
                    .unsigned(outcome.sequence)
                    .bytes(&outcome.release);
                writer
                    .boolean(outcome.rolled_back)
                    .text(clip(&outcome.reason));
            }
            None => {
                writer.null();
            }
        }
        match &self.stopped {
            Some(reason) => writer.text(clip(reason)),
            None => writer.null(),
        };
    }

    /// The record in these bytes.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        reader.array_exactly(6)?;
        let name = reader.text()?.into();
        let accepted = read_accepted(&mut reader)?;
        let running = optional(&mut reader, Release::decode)?;
        let next = optional(&mut reader, |reader| {
            reader.array_exactly(3)?;
            let release = Release::decode(reader)?;
            let (number, value) = (reader.unsigned()?, reader.unsigned32()?);
            let phase = match number {
                0 => Phase::Erasing(value),
                1 => Phase::Downloading,
                2 => Phase::Staged,
                3 => Phase::Probation(u8::try_from(value).map_err(|_| Malformed)?),
                _ => return Err(Malformed),
            };
            Ok(Candidate { release, phase })
        })?;
        let outcome = optional(&mut reader, |reader| {
            reader.array_exactly(5)?;
            Ok(Outcome {
                version: reader.text()?.into(),
                sequence: reader.unsigned()?,
                release: *reader.array_of()?,
                rolled_back: reader.boolean()?,
                reason: reader.text()?.into(),
            })
        })?;
        let stopped = optional(&mut reader, |reader| Ok(reader.text()?.into()))?;
        reader.end()?;
        Ok(Self {
            name,
            accepted,
            running,
            next,
            outcome,
            stopped,
        })
    }
}

pub(crate) fn read_accepted(reader: &mut Reader<'_>) -> Result<Accepted, Malformed> {
    reader.array_exactly(2)?;
    Ok((reader.unsigned()?, *reader.array_of()?))
}

impl Release {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.array(3).unsigned(self.side as u64);
        writer
            .unsigned(u64::from(self.envelope))
            .unsigned(u64::from(self.code));
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array_exactly(3)?;
        let side = match reader.unsigned()? {
            0 => Side::A,
            1 => Side::B,
            _ => return Err(Malformed),
        };
        Ok(Self {
            side,
            envelope: reader.unsigned32()?,
            code: reader.unsigned32()?,
        })
    }
}

fn optional<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    if reader.peek()? == Kind::Simple {
        reader.null()?;
        return Ok(None);
    }
    read(reader).map(Some)
}

fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_REASON)]
}
