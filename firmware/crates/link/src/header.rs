//! The SMP header: eight bytes before each CBOR map.

/// Size of a header, bytes.
pub const SIZE: usize = 8;

/// What a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// Read.
    Read = 0,
    /// Answer to a read.
    ReadAnswer = 1,
    /// Write.
    Write = 2,
    /// Answer to a write.
    WriteAnswer = 3,
}

/// A header without its length field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the message asks or answers.
    pub operation: Operation,
    /// 0: SMP version 1; 1: SMP version 2.
    pub version: u8,
    /// Command group.
    pub group: u16,
    /// Number that an answer repeats.
    pub sequence: u8,
    /// Command in its group.
    pub command: u8,
}

impl Header {
    /// Takes a message apart; none when it is too short, lies about its length or is of an unknown kind.
    #[must_use]
    pub fn split(message: &[u8]) -> Option<(Self, &[u8])> {
        let (header, body) = message.split_first_chunk::<SIZE>()?;
        let [
            first,
            _flags,
            length_high,
            length_low,
            group_high,
            group_low,
            sequence,
            command,
        ] = *header;
        let operation = match first & 7 {
            0 => Operation::Read,
            1 => Operation::ReadAnswer,
            2 => Operation::Write,
            3 => Operation::WriteAnswer,
            _ => return None,
        };
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let group = u16::from_be_bytes([group_high, group_low]);
        let header = Self {
            operation,
            version: first >> 3 & 3,
            group,
            sequence,
            command,
        };
        (length == body.len()).then_some((header, body))
    }

    /// The header before a body of `length` bytes.
    #[must_use]
    pub fn bytes(&self, length: u16) -> [u8; SIZE] {
        let [length_high, length_low] = length.to_be_bytes();
        let [group_high, group_low] = self.group.to_be_bytes();
        let first = self.version << 3 | self.operation as u8;
        [
            first,
            0,
            length_high,
            length_low,
            group_high,
            group_low,
            self.sequence,
            self.command,
        ]
    }

    /// The header of the answer to this one.
    #[must_use]
    pub const fn answer(&self) -> Self {
        let operation = match self.operation {
            Operation::Write | Operation::WriteAnswer => Operation::WriteAnswer,
            Operation::Read | Operation::ReadAnswer => Operation::ReadAnswer,
        };
        Self { operation, ..*self }
    }
}
