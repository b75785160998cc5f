//! A board on a desk: simulated flash, a clock that stands still, and a client on its serial line.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use nor_simulator::{Cut, Nor};
use petiole_cbor::Writer;
use petiole_host::{Facts, Host};
use petiole_link::{Deframer, Header, Operation, write_frames};
use petiole_store::Layout;

use super::VENDOR;
use super::answer::{Map, Row};
use super::bundle::{Bundle, CLASS};
use super::desk::{DESK, Desk, Line, spend};
use super::requests::command;
use super::runner::{Input, Pace, Paces, ScriptRunner};

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
        write_frames(&message, &mut |line| bytes.extend_from_slice(line));
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
