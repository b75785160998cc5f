//! The host: bytes and time in, bytes out.

use petiole_store::{Layout, MappedFlash};

use crate::{Board, Facts, GuestRunner, SerialOut};

/// Everything that runs on a board, driven from outside.
pub struct Host<F, R: GuestRunner> {
    flash: F,
    runner: R,
    facts: Facts,
    board: &'static dyn Board,
}

impl<F: MappedFlash, R: GuestRunner> Host<F, R> {
    /// Reads the flash and brings back every workload.
    pub fn new(
        flash: F,
        _layout: Layout,
        runner: R,
        facts: Facts,
        board: &'static dyn Board,
    ) -> Self {
        Self {
            flash,
            runner,
            facts,
            board,
        }
    }

    /// Takes bytes from the serial line and answers them.
    pub fn on_serial_bytes(&mut self, _bytes: &[u8], _out: &mut dyn SerialOut) {
        let _ = (&self.flash, &self.runner, &self.facts);
    }

    /// Does what is due: guest calls, probation, events. Returns when it wants to be called again at the latest, in
    /// milliseconds since the start. At most one guest call is made at a time, so that the serial line is served.
    pub fn poll(&mut self, _out: &mut dyn SerialOut) -> u64 {
        self.board.now_ns() / 1_000_000 + 1_000
    }

    /// Whether the board shall be reset now, as a client asked. Flush the serial line first.
    pub fn wants_reset(&self) -> bool {
        false
    }
}
