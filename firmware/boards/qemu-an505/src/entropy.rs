//! Randomness: the emulator's host has it, the chip has not.

use semihosting::experimental::random;

use embassy_time::Instant;

/// Fills the bytes from the host's random device; where that is missing, with the clock alone.
pub fn fill(bytes: &mut [u8; 32]) {
    if random::fill_bytes(bytes).is_err() {
        bytes[..8].copy_from_slice(&Instant::now().as_ticks().to_le_bytes());
    }
}
