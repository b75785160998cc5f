//! Wakers of guests.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;

use crate::Board;

/// Whether a guest can go on.
pub struct Ready {
    flag: AtomicBool,
    board: &'static dyn Board,
}

impl Ready {
    /// Ready at once: whoever makes a guest polls it.
    pub fn new(board: &'static dyn Board) -> Arc<Self> {
        Arc::new(Self {
            flag: AtomicBool::new(true),
            board,
        })
    }

    /// Whether it can go on.
    pub fn get(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    /// Before the guest is polled: from here on it has to be woken again.
    pub fn clear(&self) {
        self.flag.store(false, Ordering::Release);
    }

    /// The waker to poll the guest with.
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.flag.store(true, Ordering::Release);
        self.board.wake();
    }
}
