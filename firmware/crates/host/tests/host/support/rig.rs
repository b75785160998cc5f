//! A board on a desk: simulated flash, a clock that stands still, and a client on its serial line.

use std::sync::atomic::{AtomicU64, Ordering};

use petiole_cbor::Writer;
use petiole_host::{Board, Facts, Heap, Host, SerialOut};
use petiole_link::{Deframer, Header, Operation, write_frames};
use petiole_store::Layout;

use super::VENDOR;
use super::answer::{Map, Row};
use super::bundle::{Bundle, CLASS, TRUSTED, public};
use super::nor::Nor;
use super::runner::ScriptRunner;

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
}

struct Desk {
    now_ms: AtomicU64,
}

impl Board for Desk {
    fn now_ns(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed) * 1_000_000
    }

    fn entropy(&self, bytes: &mut [u8; 32]) {
        bytes.fill(0xee);
    }

    fn heap(&self) -> Heap {
        Heap {
            size: 1_000,
            used: 10,
            peak: 100,
        }
    }
}

/// What the board wrote.
pub struct Line {
    bytes: Vec<u8>,
    pub room: usize,
}

impl SerialOut for Line {
    fn room(&self) -> usize {
        self.room
    }

    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

pub struct Rig<const ERASE: usize> {
    pub nor: Nor<ERASE>,
    pub layout: Layout,
    pub line: Line,
    pub events: Vec<Map>,
    desk: &'static Desk,
    host: Option<Host<Nor<ERASE>, ScriptRunner>>,
    deframer: Deframer,
    sequence: u8,
}

impl<const ERASE: usize> Rig<ERASE> {
    /// A new board with room for two workloads, started for the first time.
    pub fn new() -> Self {
        let block = ERASE as u32;
        let slot = block.max(0x8000);
        let layout = Layout {
            settings: 0..2 * block,
            journal: 2 * block..4 * block,
            workloads: 4 * block,
            count: 2,
            slot,
        };
        let mut rig = Self {
            nor: Nor::new((4 * block + 4 * slot) as usize),
            layout,
            line: Line {
                bytes: Vec::new(),
                room: 8192,
            },
            events: Vec::new(),
            desk: Box::leak(Box::new(Desk {
                now_ms: AtomicU64::new(0),
            })),
            host: None,
            deframer: Deframer::new(),
            sequence: 0,
        };
        rig.boot();
        rig
    }

    /// A new board that is enrolled.
    pub fn enrolled() -> Self {
        let mut rig = Self::new();
        let answer = rig.enroll();
        assert!(answer.find("key").is_some(), "{answer:?}");
        rig
    }

    /// Power off, power on, until the board is up.
    pub fn boot(&mut self) {
        self.host = None;
        self.nor.revive();
        self.desk.now_ms.store(0, Ordering::Relaxed);
        let facts = Facts {
            board: "desk",
            firmware: "1.2.3",
            profile: "test",
            class: CLASS,
            vendor: VENDOR,
        };
        let labels = vec![("i2c-env", "wasi:i2c/i2c"), ("led", "wasi:gpio/digital")];
        let runner = ScriptRunner {
            pinned: self.nor.pinned(),
            labels,
        };
        let host = Host::new(
            self.nor.clone(),
            self.layout.clone(),
            runner,
            facts,
            self.desk,
        );
        self.host = host.ok();
    }

    /// Whether the board came up.
    pub fn is_up(&self) -> bool {
        self.host.is_some()
    }

    pub fn wants_reset(&self) -> bool {
        self.host.as_ref().unwrap().wants_reset()
    }

    pub fn now_ms(&self) -> u64 {
        self.desk.now_ms.load(Ordering::Relaxed)
    }

    /// Lets time pass, polling when the host asks for it.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now_ms() + ms;
        while !self.nor.is_dead() {
            let due = self.host.as_mut().unwrap().poll(&mut self.line);
            if due <= self.now_ms() {
                continue;
            }
            if self.now_ms() == end {
                break;
            }
            self.desk.now_ms.store(due.min(end), Ordering::Relaxed);
        }
        self.read_line();
    }

    /// What came over the line; events are kept, the rest returned.
    fn read_line(&mut self) -> Option<Map> {
        let mut answer = None;
        for byte in std::mem::take(&mut self.line.bytes) {
            let Some(message) = self.deframer.feed(byte) else {
                continue;
            };
            let (header, body) = Header::split(message).unwrap();
            match header.operation {
                Operation::Write => self.events.push(Map(body.to_vec())),
                _ => {
                    assert_eq!(header.sequence, self.sequence);
                    answer = Some(Map(body.to_vec()));
                }
            }
        }
        answer
    }

    /// Sends a request and returns the answer.
    pub fn request(&mut self, group: u16, command: u8, write: bool, body: &[u8]) -> Map {
        let operation = if write {
            Operation::Write
        } else {
            Operation::Read
        };
        self.exchange(
            Header {
                operation,
                version: 1,
                group,
                sequence: 0,
                command,
            },
            body,
        )
    }

    /// A write as clients of SMP version 1 send it.
    pub fn request_version_1(&mut self, group: u16, command: u8, body: &[u8]) -> Map {
        self.exchange(
            Header {
                operation: Operation::Write,
                version: 0,
                group,
                sequence: 0,
                command,
            },
            body,
        )
    }

    fn exchange(&mut self, header: Header, body: &[u8]) -> Map {
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            sequence: self.sequence,
            ..header
        };
        let message = [&header.bytes(body.len() as u16)[..], body].concat();
        let mut bytes = Vec::new();
        write_frames(&message, |line| bytes.extend_from_slice(line));
        self.host
            .as_mut()
            .unwrap()
            .on_serial_bytes(&bytes, &mut self.line);
        self.read_line().expect("every request is answered")
    }

    /// Bytes on the line that are no request.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.host
            .as_mut()
            .unwrap()
            .on_serial_bytes(bytes, &mut self.line);
        self.read_line();
    }

    /// A write of group 64.
    pub fn write(&mut self, command: u8, fill: impl FnOnce(&mut Writer<'_>)) -> Map {
        let mut buffer = [0; 2036];
        let mut writer = Writer::new(&mut buffer);
        fill(&mut writer);
        let length = writer.finish().unwrap();
        self.request(64, command, true, &buffer[..length])
    }

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
        let answer = self.send_envelope(&bundle.envelope());
        match answer.number("next") {
            Some(next) if next < bundle.code.len() as u64 => self.send_code(&bundle.code, next),
            _ => answer,
        }
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

    /// Installs, activates, lets it prove itself and confirms.
    pub fn deploy(&mut self, bundle: &Bundle) {
        assert_eq!(
            self.install(bundle).text("state").as_deref(),
            Some("staged")
        );
        assert_eq!(
            self.activate(bundle.name).text("state").as_deref(),
            Some("probation")
        );
        self.confirm(bundle.name, bundle.sequence);
        self.pass(bundle.calls * bundle.interval_ms);
        let row = self.row(bundle.name);
        assert_eq!((&*row.state, &*row.version), ("confirmed", bundle.version));
    }

    pub fn rows(&mut self) -> Vec<Row> {
        Row::list(&self.request(64, command::WORKLOADS, false, &[0xa0]))
    }

    pub fn row(&mut self, name: &str) -> Row {
        self.rows()
            .into_iter()
            .find(|row| row.name == name)
            .unwrap_or_else(|| panic!("{name} is not there"))
    }

    /// Events of this kind that came so far.
    pub fn events_of(&self, kind: &str) -> Vec<Map> {
        self.events
            .iter()
            .filter(|event| event.text("kind").as_deref() == Some(kind))
            .cloned()
            .collect()
    }
}
