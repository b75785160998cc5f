//! What a client asks of the board: requests of group 64.

use super::answer::Map;
use super::bundle::{Bundle, TRUSTED, public};
use super::rig::Rig;

pub mod command {
    pub const FACTS: u8 = 0;
    pub const ENROLL: u8 = 1;
    pub const PROVE: u8 = 2;
    pub const ENVELOPE: u8 = 3;
    pub const PAYLOAD: u8 = 4;
    pub const ACTIVATE: u8 = 5;
    pub const CONFIRM: u8 = 6;
    pub const WORKLOADS: u8 = 7;
    pub const REMOVE: u8 = 8;
    pub const SUBSCRIBE: u8 = 9;
    pub const TIME: u8 = 10;
    pub const DELTA: u8 = 11;
    pub const ANCHORS: u8 = 12;
    pub const MESSAGE: u8 = 13;
    pub const RESTART: u8 = 14;
}

impl<const ERASE: usize, const WORD: usize> Rig<ERASE, WORD> {
    pub fn enroll(&mut self) -> Map {
        self.write(command::ENROLL, |out| {
            out.map(4)
                .text("device")
                .text("desk-1")
                .text("site")
                .text("lab")
                .text("anchors")
                .array(1);
            out.bytes(&public(&TRUSTED)).text("entropy").bytes(&[5; 32]);
        })
    }

    /// Sends an envelope in pieces; the last answer.
    pub fn send_envelope(&mut self, envelope: &[u8]) -> Map {
        let mut offset = 0;
        loop {
            let piece = &envelope[offset..envelope.len().min(offset + 200)];
            let answer = self.write(command::ENVELOPE, |out| {
                out.map(if offset == 0 { 3 } else { 2 })
                    .text("off")
                    .unsigned(offset as u64);
                if offset == 0 {
                    out.text("len").unsigned(envelope.len() as u64);
                }
                out.text("data").bytes(piece);
            });
            match answer.number("off") {
                Some(next) if (next as usize) < envelope.len() => offset = next as usize,
                _ => return answer,
            }
        }
    }

    /// Sends code from `offset` on until it is staged or refused; the last answer.
    pub fn send_code(&mut self, code: &[u8], mut offset: u64) -> Map {
        loop {
            let answer = self.send_block(code, offset);
            match (answer.number("off"), answer.text("state")) {
                (Some(next), None) => offset = next,
                _ => return answer,
            }
        }
    }

    pub fn send_block(&mut self, code: &[u8], offset: u64) -> Map {
        let start = offset as usize;
        let piece = &code[start..code.len().min(start + 1_500)];
        self.write(command::PAYLOAD, |out| {
            _ = out
                .map(2)
                .text("off")
                .unsigned(offset)
                .text("data")
                .bytes(piece)
        })
    }

    /// Sends a bundle; the last answer.
    pub fn install(&mut self, bundle: &Bundle) -> Map {
        let code = bundle.joined();
        let answer = self.send_envelope(&bundle.envelope());
        match answer.number("next") {
            Some(next) if next < code.len() as u64 => self.send_code(&code, next),
            _ => answer,
        }
    }

    /// Sends a patch until its release is staged or it is refused; the last answer.
    pub fn send_patch(&mut self, patch: &[u8]) -> Map {
        let mut offset = 0;
        loop {
            let answer = self.send_patch_piece(patch, offset, offset + 500);
            match (answer.number("off"), answer.text("state")) {
                (Some(next), None) => offset = next as usize,
                _ => return answer,
            }
        }
    }

    /// Sends one piece of a patch.
    pub fn send_patch_piece(&mut self, patch: &[u8], offset: usize, end: usize) -> Map {
        let piece = &patch[offset..patch.len().min(end)];
        self.write(command::DELTA, |out| {
            out.map(if offset == 0 { 3 } else { 2 });
            out.text("off").unsigned(offset as u64);
            if offset == 0 {
                out.text("len").unsigned(patch.len() as u64);
            }
            out.text("data").bytes(piece);
        })
    }

    pub fn activate(&mut self, name: &str) -> Map {
        self.write(command::ACTIVATE, |out| {
            _ = out.map(1).text("name").text(name)
        })
    }

    pub fn confirm(&mut self, name: &str, sequence: u64) -> Map {
        self.write(command::CONFIRM, |out| {
            _ = out
                .map(2)
                .text("name")
                .text(name)
                .text("seq")
                .unsigned(sequence)
        })
    }

    pub fn remove(&mut self, name: &str) -> Map {
        self.write(command::REMOVE, |out| {
            _ = out.map(1).text("name").text(name)
        })
    }

    pub fn subscribe(&mut self, lease: u64, acknowledge: Option<(u64, u64)>) -> Map {
        self.write(command::SUBSCRIBE, |out| {
            out.map(1 + usize::from(acknowledge.is_some()))
                .text("lease")
                .unsigned(lease);
            if let Some((boot, sequence)) = acknowledge {
                out.text("ack").array(2).unsigned(boot).unsigned(sequence);
            }
        })
    }

    pub fn restart(&mut self, name: &str) -> Map {
        self.write(command::RESTART, |out| {
            _ = out.map(1).text("name").text(name)
        })
    }

    pub fn set_time(&mut self, unix_ms: u64) {
        let answer = self.write(command::TIME, |out| {
            _ = out
                .map(2)
                .text("unix")
                .unsigned(unix_ms)
                .text("unc")
                .unsigned(50)
        });
        assert_eq!(answer.refusal(), "");
    }

    /// A message from the edge host; how many guests took it.
    pub fn message(&mut self, subject: &str, body: &[u8], reply: Option<&str>) -> Option<u64> {
        let answer = self.write(command::MESSAGE, |out| {
            out.map(2 + usize::from(reply.is_some()))
                .text("sub")
                .text(subject)
                .text("data")
                .bytes(body);
            if let Some(reply) = reply {
                out.text("reply").text(reply);
            }
        });
        answer.number("taken")
    }
}
