//! Console framing (Zephyr's SMP transport specification): lines of base64 with a length and a CRC-16/XMODEM.
//!
//! First line `06 09` + base64(length u16 of message and CRC, message, CRC u16) + `0a`; further lines begin with `04 14`.

use alloc::vec::Vec;

/// Longest message: the frame buffer of 2,048 bytes less length and CRC.
pub const MAX_MESSAGE: usize = 2044;

/// Longest line, newline included.
const MAX_LINE: usize = 127;
/// Bytes of packet in one line: 124 characters of base64 between the two marks and the newline.
const LINE_BYTES: usize = (MAX_LINE - 3) / 4 * 3;
const START: [u8; 2] = [0x06, 0x09];
const CONTINUE: [u8; 2] = [0x04, 0x14];
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Finds messages in what comes over a serial line. Anything else on the line is passed over, broken frames are dropped.
#[derive(Debug, Default)]
pub struct Deframer {
    line: Vec<u8>,
    packet: Vec<u8>,
    complete: bool,
}

impl Deframer {
    /// Before the first byte.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            line: Vec::new(),
            packet: Vec::new(),
            complete: false,
        }
    }

    /// Takes one byte; returns the message that it completes.
    pub fn feed(&mut self, byte: u8) -> Option<&[u8]> {
        if core::mem::take(&mut self.complete) {
            self.packet.clear();
        }
        if byte != b'\n' {
            // A frame may begin behind a log line that was never ended.
            if byte == START[1] && self.line.last() == Some(&START[0]) {
                self.line.clear();
                self.line.push(START[0]);
            }
            if self.line.len() <= MAX_LINE {
                self.line.push(byte);
            }
            return None;
        }
        let usable = self.line.len() <= MAX_LINE;
        let taken = usable && self.take_line().is_some();
        self.line.clear();
        if !taken {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*self.packet.first_chunk()?));
        if self.packet.len() < length + 2 {
            return None;
        }
        self.complete = true;
        let body = self.packet.get(2..2 + length)?;
        let (message, sum) = body.split_last_chunk()?;
        (self.packet.len() == length + 2 && crc16(message) == u16::from_be_bytes(*sum))
            .then_some(message)
    }

    /// Adds the line's bytes to the packet. None when it is no part of a packet; a started one is dropped then.
    fn take_line(&mut self) -> Option<()> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let (marks, text) = line.split_first_chunk::<2>()?;
        match *marks {
            START => self.packet.clear(),
            CONTINUE if !self.packet.is_empty() => {}
            _ => return None,
        }
        if decode_base64(text, &mut self.packet).is_none() || self.packet.len() > MAX_MESSAGE + 4 {
            self.packet.clear();
            return None;
        }
        (self.packet.len() >= 2).then_some(())
    }
}

/// Writes a message as frames, a line at a time.
pub fn write_frames(message: &[u8], write: &mut dyn FnMut(&[u8])) {
    let length = (message.len() as u16 + 2).to_be_bytes();
    let sum = crc16(message).to_be_bytes();
    let mut packet = length.iter().chain(message).chain(&sum).copied();
    let mut marks = START;
    let mut rest = message.len() + 4;
    while rest > 0 {
        let mut line = [0; MAX_LINE];
        line[..2].copy_from_slice(&marks);
        let mut at = 2;
        for _ in 0..rest.min(LINE_BYTES).div_ceil(3) {
            let group = [packet.next(), packet.next(), packet.next()];
            encode_group(group, &mut line[at..at + 4]);
            at += 4;
        }
        line[at] = b'\n';
        write(&line[..=at]);
        rest -= rest.min(LINE_BYTES);
        marks = CONTINUE;
    }
}

/// How many bytes [`write_frames`] makes of a message of this size.
#[must_use]
pub const fn framed_size(message: usize) -> usize {
    let packet = message + 4;
    packet.div_ceil(3) * 4 + packet.div_ceil(LINE_BYTES) * 3
}

fn encode_group(group: [Option<u8>; 3], out: &mut [u8]) {
    let bits = group
        .iter()
        .fold(0u32, |bits, byte| bits << 8 | u32::from(byte.unwrap_or(0)));
    let used = 1 + group.iter().flatten().count();
    for (place, symbol) in out.iter_mut().enumerate() {
        let value = bits >> (18 - 6 * place) & 63;
        *symbol = if place < used {
            ALPHABET[value as usize]
        } else {
            b'='
        };
    }
}

fn decode_base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let groups = text.chunks_exact(4);
    if !groups.remainder().is_empty() {
        return None;
    }
    let last = groups.len().checked_sub(1)?;
    for (number, group) in groups.enumerate() {
        let padding = group
            .iter()
            .rev()
            .take_while(|symbol| **symbol == b'=')
            .count();
        if padding > 2 || (padding > 0 && number != last) {
            return None;
        }
        let mut bits = 0;
        for symbol in &group[..4 - padding] {
            bits = bits << 6 | u32::from(value_of(*symbol)?);
        }
        let bytes = (bits << (6 * padding)).to_be_bytes();
        out.extend_from_slice(&bytes[1..4 - padding]);
    }
    Some(())
}

fn value_of(symbol: u8) -> Option<u8> {
    Some(match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// CRC-16/XMODEM: polynomial 0x1021, initial value 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |mut crc, byte| {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 {
                crc << 1 ^ 0x1021
            } else {
                crc << 1
            };
        }
        crc
    })
}

#[cfg(test)]
mod tests;
