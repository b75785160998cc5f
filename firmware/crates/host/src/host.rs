//! The host: bytes and time in, bytes out.

use alloc::rc::Rc;

use petiole_interfaces::Level;
use petiole_link::{Deframer, answer, event, framed_size, write_frames};
use petiole_store::{Layout, MappedFlash, Store, StoreError};

use crate::events::Field;
use crate::manager::Manager;
use crate::service::Service;
use crate::shared::Shared;
use crate::{Board, Facts, GuestRunner, SerialOut};

/// Longest time between two polls, milliseconds.
const IDLE_MS: u64 = 1_000;
/// Header of a message, bytes.
const HEADER: usize = 8;

/// Everything that runs on a board, driven from outside.
pub struct Host<F, R: GuestRunner> {
    manager: Manager<F, R>,
    shared: Rc<Shared>,
    deframer: Deframer,
    lease_end_ms: u64,
    reset: bool,
}

impl<F: MappedFlash + 'static, R: GuestRunner> Host<F, R> {
    /// Reads the flash, verifies what lies there and brings back every workload.
    ///
    /// A journal that cannot be read is erased: identity and trust anchors stay, workloads have to be sent again.
    ///
    /// # Errors
    /// [`StoreError::Layout`] when the layout does not fit the flash, [`StoreError::Flash`] when the flash does not work.
    pub fn new(
        flash: F,
        layout: Layout,
        runner: R,
        facts: Facts,
        board: &'static dyn Board,
    ) -> Result<Self, StoreError> {
        let mut store = Store::new(flash, layout)?;
        let counted = store.count_boot();
        let boot = match counted {
            Err(StoreError::Corrupted | StoreError::Full) => {
                store.reset_journal()?;
                store.count_boot()?
            }
            counted => counted?,
        };
        let shared = Rc::new(Shared::new(boot.number, board));
        shared.emit(
            "boot",
            &[
                ("msg", Field::Text(facts.firmware)),
                ("ctx", Field::Text(facts.board)),
            ],
        );
        if let Err(error) = counted {
            shared.log(Level::Error, "journal", error.text());
        }
        let mut manager = Manager::new(store, runner, facts, shared.clone());
        manager.boot(boot.failures);
        Ok(Self {
            manager,
            shared,
            deframer: Deframer::new(),
            lease_end_ms: 0,
            reset: false,
        })
    }

    /// Takes bytes from the serial line and answers what they complete.
    pub fn on_serial_bytes(&mut self, bytes: &[u8], out: &mut dyn SerialOut) {
        let Self {
            manager,
            deframer,
            lease_end_ms,
            reset,
            ..
        } = self;
        for byte in bytes {
            let Some(message) = deframer.feed(*byte) else {
                continue;
            };
            let mut service = Service {
                manager,
                lease_end_ms,
                reset,
            };
            if let Some(message) = answer(message, &mut service) {
                write_frames(&message, &mut |line| out.write(line));
            }
        }
    }

    /// Does what is due: at most one slice of a guest, restarts, ends of probations, events. Returns when it wants to be
    /// called again at the latest, in milliseconds since the start.
    pub fn poll(&mut self, out: &mut dyn SerialOut) -> u64 {
        self.manager.work();
        let now_ms = self.shared.now_ms();
        let mut due = now_ms + IDLE_MS;
        if now_ms < self.lease_end_ms {
            let mut events = self.shared.events.borrow_mut();
            let mut sent_all = true;
            events.send_due(now_ms, |sequence, body| {
                sent_all = out.room() >= framed_size(HEADER + body.len());
                if sent_all {
                    write_frames(&event(sequence as u8, body), &mut |line| out.write(line));
                }
                sent_all
            });
            if sent_all {
                due = due.min(events.next_due());
            }
        }
        due.min(self.manager.next_due(now_ms))
    }

    /// Keeps a log line of the board itself, to be sent with the other events.
    pub fn log(&self, level: Level, context: &str, message: &str) {
        self.shared.log(level, context, message);
    }

    /// Whether the board shall be reset now, as a client asked. Flush the serial line first.
    #[must_use]
    pub const fn wants_reset(&self) -> bool {
        self.reset
    }
}
