//! What a board is without its host: a clock that stands still, and a line whose other end is the test.

use std::sync::atomic::{AtomicU64, Ordering};

use petiole_host::{Board, Heap, SerialOut};

#[derive(Default)]
pub(super) struct Desk {
    pub(super) now_us: AtomicU64,
}

/// Time that a slice of a busy guest takes, microseconds.
pub const SLICE_US: u64 = 2_000;

thread_local! {
    /// The board of the test that runs in this thread.
    pub(super) static DESK: &'static Desk = Box::leak(Box::default());
}

pub(super) fn spend() {
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
    pub(super) bytes: Vec<u8>,
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
