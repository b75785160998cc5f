//! Byte queues between interrupt handlers and tasks.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_time::{Duration, Timer};
use petiole_link::{MAX_MESSAGE, framed_size};

/// Bytes each direction can hold.
pub const CAPACITY: usize = 4096;

/// The longest SMP message in its console frames.
pub const LONGEST_ANSWER: usize = framed_size(MAX_MESSAGE);

const _: () = assert!(LONGEST_ANSWER < CAPACITY);

const DRAIN_PAUSE: Duration = Duration::from_millis(5);
const DRAIN_LOOKS: u32 = 200;

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

    /// How many bytes can be queued for sending.
    pub fn room(&self) -> usize {
        self.sending.free_capacity()
    }

    /// Queues bytes for sending; those for which there is no room are lost, so look at [`Queues::room`] first.
    pub fn send(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty()
            && let Ok(count) = self.sending.try_write(rest)
        {
            rest = &rest[count..];
        }
    }

    /// Waits until everything was taken for sending, but not for ever: the peer may have stopped reading.
    pub async fn drained(&self) {
        for _ in 0..DRAIN_LOOKS {
            if self.sending.is_empty() {
                break;
            }
            Timer::after(DRAIN_PAUSE).await;
        }
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
