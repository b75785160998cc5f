//! What the host wants from a board.

/// Use of the heap, bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heap {
    /// All of it.
    pub size: u32,
    /// In use now.
    pub used: u32,
    /// Most that was in use since the start.
    pub peak: u32,
}

/// What a board is, unchanging while it runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Name of the board, as its file in `boards/`.
    pub board: &'static str,
    /// Version of the firmware.
    pub firmware: &'static str,
    /// The profile of the engine (formats reference, section 3).
    pub profile: &'static str,
    /// The class id that belongs to the profile.
    pub class: [u8; 16],
    /// The vendor id.
    pub vendor: [u8; 16],
    /// Whether the firmware itself ended the run before this one: a fault, a panic, the watchdog.
    pub crashed: bool,
}

/// A board's own abilities. One value lives as long as the program.
pub trait Board: Sync {
    /// Nanoseconds since the start; never goes back.
    fn now_ns(&self) -> u64;

    /// Fills `bytes` with what randomness the board has.
    fn entropy(&self, bytes: &mut [u8; 32]);

    /// Use of the heap.
    fn heap(&self) -> Heap;

    /// Makes the main loop call [`Host::poll`](crate::Host::poll) soon. May be called in an interrupt.
    fn wake(&self) {}
}

/// The way to the edge host.
pub trait SerialOut {
    /// How many bytes can be written without waiting.
    fn room(&self) -> usize;

    /// Writes all bytes, waiting where there is no room. Answers are written whatever the room is, events only
    /// into it.
    fn write(&mut self, bytes: &[u8]);
}
