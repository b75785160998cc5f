//! A board on a desk: simulated flash, a clock that stands still, and a client on its serial line.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use nor_simulator::{Cut, Nor};
use petiole_cbor::Writer;
use petiole_host::{Board, Facts, Heap, Host, SerialOut};
use petiole_link::{Deframer, Header, Operation, write_frames};
use petiole_store::Layout;

use super::VENDOR;
use super::answer::{Map, Row};
use super::bundle::{Bundle, CLASS, TRUSTED, public};
use super::runner::{Input, Pace, Paces, ScriptRunner};

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

#[derive(Default)]
struct Desk {
    now_us: AtomicU64,
}

/// Time that a slice of a busy guest takes, microseconds.
pub const SLICE_US: u64 = 2_000;

thread_local! {
    /// The board of the test that runs in this thread.
    static DESK: &'static Desk = Box::leak(Box::default());
}

fn spend() {
    DESK.with(|desk| desk.now_us.fetch_add(SLICE_US, Ordering::Relaxed));
}

impl Board for Desk {
    fn now_ns(&self) -> u64 {
        self.now_us.load(Ordering::Relaxed) * 1_000
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

pub struct Rig<const ERASE: usize, const WORD: usize = 4> {
    pub nor: Nor<ERASE, WORD>,
    pub layout: Layout,
    pub line: Line,
    pub events: Vec<Map>,
    pub input: Rc<RefCell<Input>>,
    paces: Paces,
    desk: &'static Desk,
    host: Option<Host<Nor<ERASE, WORD>, ScriptRunner>>,
    deframer: Deframer,
    sequence: u8,
}

impl<const ERASE: usize, const WORD: usize> Rig<ERASE, WORD> {
    /// A new board with room for two workloads, started for the first time.
    pub fn new() -> Self {
        Self::with_room(2)
    }

    /// A new board with room for so many workloads, enrolled.
    pub fn enrolled_with_room(count: u8) -> Self {
        let mut rig = Self::with_room(count);
        rig.enroll();
        rig
    }

    fn with_room(count: u8) -> Self {
        let block = ERASE as u32;
        let slot = block.max(0x8000);
        // Where a word is a page, an entry takes a page.
        let journal = if WORD < 256 { 4 * block } else { 8 * block };
        let layout = Layout {
            settings: 0..2 * block,
            journal: 2 * block..journal,
            key_value: journal..journal + 2 * block,
            workloads: journal + 2 * block,
            count,
            slot,
        };
        let mut rig = Self {
            nor: Nor::new((journal + 2 * block + 2 * u32::from(count) * slot) as usize),
            layout,
            line: Line {
                bytes: Vec::new(),
                room: 8192,
            },
            events: Vec::new(),
            desk: DESK.with(|desk| *desk),
            input: Rc::default(),
            paces: Paces::default(),
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
        self.nor.revive();
        self.start(false);
    }

    /// A start during which the power may go again.
    pub fn boot_as_it_is(&mut self) {
        self.start(false);
    }

    /// Cuts the power at this flash operation, counted from now.
    pub fn cut_in(&self, operations: u32, cut: Cut) {
        self.nor.cut_at(self.nor.operations() + operations, cut);
    }

    fn start(&mut self, crashed: bool) {
        self.host = None;
        self.desk.now_us.store(0, Ordering::Relaxed);
        let facts = Facts {
            board: "desk",
            firmware: "1.2.3",
            profile: "test",
            class: CLASS,
            vendor: VENDOR,
            crashed,
        };
        let labels = vec![
            ("i2c-env", "wasi:i2c/i2c"),
            ("led", "wasi:gpio/digital"),
            ("button", "wasi:gpio/digital"),
        ];
        let runner = ScriptRunner {
            pinned: self.nor.pinned(),
            labels,
            spend,
            input: self.input.clone(),
            paces: self.paces.clone(),
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

    /// The firmware fails and is started again.
    pub fn crash(&mut self) {
        self.nor.revive();
        self.start(true);
    }

    /// What the guest with this name got of the board's time since it was loaded last.
    pub fn pace(&self, name: &str) -> Pace {
        self.paces.borrow()[name].clone()
    }

    /// The input `button` changes.
    pub fn press(&mut self, high: bool) {
        let mut input = self.input.borrow_mut();
        input.high = high;
        input.edges.count(high);
        input.waker.take().inspect(Waker::wake_by_ref);
    }

    /// Whether the board came up.
    pub fn is_up(&self) -> bool {
        self.host.is_some()
    }

    pub fn wants_reset(&self) -> bool {
        self.host.as_ref().unwrap().wants_reset()
    }

    pub fn now_ms(&self) -> u64 {
        self.desk.now_us.load(Ordering::Relaxed) / 1_000
    }

    /// Lets time pass, polling when the host asks for it.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now_ms() + ms;
        while !self.nor.is_dead() {
            let due = self.host.as_mut().unwrap().poll(&mut self.line);
            let now = self.now_ms();
            if due <= now && now <= end {
                continue;
            }
            if now >= end {
                break;
            }
            let next = due.min(end) * 1_000;
            self.desk.now_us.store(next, Ordering::Relaxed);
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

    /// Messages of log lines with this context that came so far.
    pub fn said(&self, context: &str) -> Vec<String> {
        self.distinct("log")
            .iter()
            .filter(|event| event.text("ctx").as_deref() == Some(context))
            .filter_map(|event| event.text("msg"))
            .collect()
    }

    /// Events of this kind that came so far, each once and in order.
    pub fn distinct(&self, kind: &str) -> Vec<Map> {
        let mut events = self.events_of(kind);
        let number = |event: &Map| (event.number("boot"), event.number("seq"));
        events.sort_by_key(number);
        events.dedup_by_key(|event| number(event));
        events
    }

    /// Acknowledges all events that came so far and forgets them.
    pub fn acknowledge(&mut self) {
        let newest = self
            .events
            .iter()
            .filter_map(|event| event.number("seq"))
            .max();
        let boot = self.events.last().and_then(|event| event.number("boot"));
        if let (Some(newest), Some(boot)) = (newest, boot) {
            self.subscribe(600, Some((boot, newest)));
        }
        self.events.clear();
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
        self.pass(bundle.trial_ms());
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
