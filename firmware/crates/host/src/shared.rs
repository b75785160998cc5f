//! What the manager and all guests' ports share.

use core::cell::{Cell, RefCell};

use petiole_interfaces::Level;
use petiole_trust::sha256;

use crate::Board;
use crate::clock::Clock;
use crate::events::{Events, Field};
use crate::mail::Mail;
use crate::member::Origin;

/// What all share.
pub struct Shared {
    /// Events of this boot.
    pub events: RefCell<Events>,
    /// Messages of guests.
    pub mail: RefCell<Mail>,
    /// The time of day.
    pub clock: Clock,
    /// Log lines below this level are passed over.
    pub level: Cell<Level>,
    /// The board.
    pub board: &'static dyn Board,
    /// Stops of components since the start.
    pub stops: Cell<u32>,
    /// Breaches of limits that were told since the start.
    pub limits: Cell<u32>,
    /// Messages of guests that were handed out since the start.
    pub messages: Cell<u32>,
    randomness: Cell<[u8; 32]>,
    ports: Cell<u32>,
}

impl Shared {
    /// For this boot.
    pub fn new(boot: u32, board: &'static dyn Board) -> Self {
        Self {
            events: RefCell::new(Events::new(boot)),
            mail: RefCell::default(),
            clock: Clock::default(),
            level: Cell::new(Level::Trace),
            board,
            stops: Cell::default(),
            limits: Cell::default(),
            messages: Cell::default(),
            randomness: Cell::default(),
            ports: Cell::default(),
        }
    }

    /// Milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.board.now_ns() / 1_000_000
    }

    /// A number that no port had before.
    pub fn next_port(&self) -> u32 {
        self.ports.set(self.ports.get().wrapping_add(1));
        self.ports.get()
    }

    /// Keeps an event.
    pub fn emit(&self, kind: &str, fields: &[(&str, Field<'_>)]) {
        self.events.borrow_mut().push(self.now_ms(), kind, fields);
    }

    /// Keeps a log line of the board's own.
    pub fn log(&self, level: Level, context: &str, message: &str) {
        if level >= self.level.get() {
            let level = Field::Unsigned(level as u64);
            self.emit(
                "log",
                &[
                    ("lvl", level),
                    ("ctx", Field::Text(context)),
                    ("msg", Field::Text(message)),
                ],
            );
        }
    }

    /// Says that a component broke a limit.
    pub fn emit_limit(&self, origin: &Origin, limit: &str, value: u64) {
        self.limits.update(|count| count.wrapping_add(1));
        self.emit(
            "limit",
            &[
                ("wl", Field::Text(&origin.workload)),
                ("ver", Field::Text(&origin.version)),
                ("comp", Field::Text(&origin.component)),
                ("n", Field::Text(limit)),
                ("v", Field::Unsigned(value)),
            ],
        );
    }

    /// Fills `bytes` with a hash chain into which fresh randomness of the board goes at each step.
    pub fn random(&self, bytes: &mut [u8]) {
        let mut fresh = [0; 32];
        for chunk in bytes.chunks_mut(32) {
            self.board.entropy(&mut fresh);
            let state = sha256(&[&self.randomness.get(), &fresh]);
            self.randomness.set(state);
            // What is given out does not tell the state.
            chunk.copy_from_slice(&sha256(&[b"out", &state])[..chunk.len()]);
        }
    }
}
