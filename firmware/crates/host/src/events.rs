//! Events on their way to the edge host: kept until acknowledged, in a bounded buffer.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use petiole_cbor::Writer;

use crate::schedule::NEVER;

/// Bytes of events that are kept.
const CAPACITY: usize = 8192;
/// Part of it that log lines and measurements leave to events about the board itself.
const RESERVED: usize = 1024;
/// An event is sent again when it is not acknowledged after this time, milliseconds.
const RETRY_MS: u64 = 2_000;
/// Longest text in an event, bytes; longer ones are cut.
const MAX_TEXT: usize = 384;
/// What the fields of every event and the heads of their values take at most, and what one more field takes besides its texts.
const BASE: usize = 64;
const HEADS: usize = 16;
/// What an event costs besides its bytes.
const OVERHEAD: usize = 32;

/// A value of an event field.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number.
    Unsigned(u64),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Nothing.
    Null,
}

impl Field<'_> {
    /// Bytes of its content.
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len().min(MAX_TEXT),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

/// What an event says besides its kind.
#[derive(Clone, Copy)]
enum Content<'a> {
    Fields(&'a [(&'a str, Field<'a>)]),
    /// So many fields, written already.
    Written(usize, &'a [u8]),
}

/// Writes fields one after the other, without the head of a map.
pub fn encode(fields: &[(&str, Field<'_>)]) -> Vec<u8> {
    let mut buffer = alloc::vec![0; size_of_fields(fields)];
    let mut writer = Writer::new(&mut buffer);
    write_fields(fields, &mut writer);
    let length = writer.finish().unwrap_or_default();
    buffer.truncate(length);
    buffer
}

fn size_of_fields(fields: &[(&str, Field<'_>)]) -> usize {
    fields
        .iter()
        .map(|(name, value)| HEADS + name.len() + value.size())
        .sum()
}

fn write_fields(fields: &[(&str, Field<'_>)], writer: &mut Writer<'_>) {
    for (name, value) in fields {
        writer.text(name);
        match *value {
            Field::Text(text) => writer.text(&text[..text.floor_char_boundary(MAX_TEXT)]),
            Field::Unsigned(number) => writer.unsigned(number),
            Field::Number(number) => writer.float(number),
            Field::Boolean(truth) => writer.boolean(truth),
            Field::Bytes(bytes) => writer.bytes(bytes),
            Field::Null => writer.null(),
        };
    }
}

struct Event {
    sequence: u32,
    /// Number of the crash record that it tells of.
    crash: Option<u32>,
    body: Vec<u8>,
    sent_ms: Option<u64>,
}

/// The buffer of events of one boot.
pub struct Events {
    boot: u32,
    newest: u32,
    held: VecDeque<Event>,
    bytes: usize,
    dropped: u32,
    lost: u32,
}

impl Events {
    /// An empty buffer for this boot.
    pub const fn new(boot: u32) -> Self {
        Self {
            boot,
            newest: 0,
            held: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            lost: 0,
        }
    }

    /// Number of this boot.
    pub const fn boot(&self) -> u32 {
        self.boot
    }

    /// Number of the newest event; 0 before the first.
    pub const fn newest(&self) -> u32 {
        self.newest
    }

    /// How many events found no room since the start.
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    /// Number of the oldest event that is kept; the next one's when none is.
    pub fn oldest(&self) -> u32 {
        self.held
            .front()
            .map_or(self.newest + 1, |event| event.sequence)
    }

    /// Keeps an event about the board or a workload. False when there is no room: it counts as dropped then.
    pub fn push(&mut self, up_ms: u64, kind: &str, fields: &[(&str, Field<'_>)]) -> bool {
        self.push_below(CAPACITY, up_ms, kind, Content::Fields(fields), None)
    }

    /// Keeps what a guest said; it may not take the room reserved for [`Events::push`].
    pub fn push_from_guest(
        &mut self,
        up_ms: u64,
        kind: &str,
        fields: &[(&str, Field<'_>)],
    ) -> bool {
        let content = Content::Fields(fields);
        self.push_below(CAPACITY - RESERVED, up_ms, kind, content, None)
    }

    /// Keeps a crash record: fields as [`encode`] wrote them, `count` of them. Does nothing when the record waits here already.
    pub fn push_crash(&mut self, up_ms: u64, number: u32, count: usize, fields: &[u8]) {
        if self.held.iter().all(|event| event.crash != Some(number)) {
            let content = Content::Written(count, fields);
            self.push_below(CAPACITY, up_ms, "stop", content, Some(number));
        }
    }

    fn push_below(
        &mut self,
        limit: usize,
        up_ms: u64,
        kind: &str,
        content: Content<'_>,
        crash: Option<u32>,
    ) -> bool {
        if self.dropped > 0 {
            let count = [("count", Field::Unsigned(u64::from(self.dropped)))];
            if self.insert(limit, up_ms, "dropped", Content::Fields(&count), None) {
                self.dropped = 0;
            }
        }
        let kept = self.dropped == 0 && self.insert(limit, up_ms, kind, content, crash);
        self.dropped += u32::from(!kept);
        self.lost = self.lost.saturating_add(u32::from(!kept));
        kept
    }

    fn insert(
        &mut self,
        limit: usize,
        up_ms: u64,
        kind: &str,
        content: Content<'_>,
        crash: Option<u32>,
    ) -> bool {
        let (count, size) = match content {
            Content::Fields(fields) => (fields.len(), size_of_fields(fields)),
            Content::Written(count, fields) => (count, fields.len()),
        };
        if self.bytes + OVERHEAD > limit {
            return false;
        }
        let mut buffer = alloc::vec![0; BASE + kind.len() + size];
        let mut writer = Writer::new(&mut buffer);
        writer
            .map(4 + count)
            .text("boot")
            .unsigned(u64::from(self.boot));
        writer
            .text("seq")
            .unsigned(u64::from(self.newest) + 1)
            .text("up")
            .unsigned(up_ms)
            .text("kind")
            .text(kind);
        match content {
            Content::Fields(fields) => write_fields(fields, &mut writer),
            Content::Written(_, fields) => _ = writer.raw(fields),
        }
        let Ok(length) = writer.finish() else {
            return false;
        };
        if self.bytes + length + OVERHEAD > limit {
            return false;
        }
        buffer.truncate(length);
        buffer.shrink_to_fit();
        self.newest += 1;
        self.bytes += length + OVERHEAD;
        self.held.push_back(Event {
            sequence: self.newest,
            crash,
            body: buffer,
            sent_ms: None,
        });
        true
    }

    /// Frees the events up to `sequence` of `boot`; those of another boot are gone anyway. Returns the numbers of the crash records
    /// among them.
    pub fn acknowledge(&mut self, boot: u32, sequence: u32) -> Vec<u32> {
        let mut crashes = Vec::new();
        while boot == self.boot
            && self
                .held
                .front()
                .is_some_and(|event| event.sequence <= sequence)
        {
            if let Some(event) = self.held.pop_front() {
                self.bytes -= event.body.len() + OVERHEAD;
                crashes.extend(event.crash);
            }
        }
        crashes
    }

    /// Forgets what was sent: a new subscriber wants everything.
    pub fn send_again(&mut self) {
        for event in &mut self.held {
            event.sent_ms = None;
        }
    }

    /// Hands each event that is due to `send`, oldest first, until it says no.
    pub fn send_due(&mut self, now_ms: u64, mut send: impl FnMut(u32, &[u8]) -> bool) {
        for event in &mut self.held {
            let due = event.sent_ms.is_none_or(|sent| now_ms >= sent + RETRY_MS);
            if due {
                if !send(event.sequence, &event.body) {
                    return;
                }
                event.sent_ms = Some(now_ms);
            }
        }
    }

    /// When the next event is due, milliseconds since the start; [`NEVER`] when nothing waits.
    pub fn next_due(&self) -> u64 {
        let mut due = NEVER;
        for event in &self.held {
            due = due.min(event.sent_ms.map_or(0, |sent| sent + RETRY_MS));
        }
        due
    }
}
