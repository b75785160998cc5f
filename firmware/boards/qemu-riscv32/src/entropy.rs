//! Randomness: the machine has no source of it. The clock is all there is; the edge host brings more at enrollment.

use embassy_time::Instant;

/// Fills the bytes with readings of the clock.
pub fn fill(bytes: &mut [u8; 32]) {
    for chunk in bytes.chunks_exact_mut(8) {
        chunk.copy_from_slice(&Instant::now().as_ticks().to_le_bytes());
    }
}
