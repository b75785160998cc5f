//! Byte queues between interrupt handlers and tasks.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;

/// Bytes each direction can hold; more than the longest SMP message in its console frames.
pub const CAPACITY: usize = 4096;

/// A serial port's two queues, as a static shared by the interrupt handler and the tasks.
pub struct Queues {
    received: Pipe<CriticalSectionRawMutex, CAPACITY>,
    sending: Pipe<CriticalSectionRawMutex, CAPACITY>,
}

impl Queues {
    /// Two empty queues.
    pub const fn new() -> Self {
        Self {
            received: Pipe::new(),
            sending: Pipe::new(),
        }
    }

    /// Interrupt handler: moves bytes from the port into the queue while `take` has one and there is room. Gives false when the
    /// queue is full: the handler then masks its interrupt, so that the sender is held back, until [`Queues::receive`] made room.
    pub fn fill(&self, mut take: impl FnMut() -> Option<u8>) -> bool {
        while !self.received.is_full() {
            let Some(byte) = take() else {
                return true;
            };
            let _ = self.received.try_write(&[byte]);
        }
        false
    }

    /// Waits for received bytes; afterwards the receive interrupt may be unmasked.
    pub async fn receive(&self, bytes: &mut [u8]) -> usize {
        self.received.read(bytes).await
    }

    /// Queues bytes for sending, all or none: false when there is no room, which a peer that does not read brings about.
    pub fn send(&self, bytes: &[u8]) -> bool {
        if self.sending.free_capacity() < bytes.len() {
            return false;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.sending.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits for bytes to send.
    pub async fn to_send(&self, bytes: &mut [u8]) -> usize {
        self.sending.read(bytes).await
    }
}

impl Default for Queues {
    fn default() -> Self {
        Self::new()
    }
}
