//! Which breaches of limits were told, so that none is told again and again.

use alloc::vec::Vec;

/// The same breach is not told again for this time, milliseconds.
const PAUSE_MS: u64 = 60_000;

/// Breaches of one component: the limit's name, and when it was told last in milliseconds.
#[derive(Debug, Default)]
pub struct Breaches(Vec<(&'static str, u64)>);

impl Breaches {
    /// Whether a breach of this limit is to be told now.
    pub fn tell(&mut self, limit: &'static str, now_ms: u64) -> bool {
        match self.0.iter_mut().find(|(name, _)| *name == limit) {
            Some((_, told)) if now_ms < *told + PAUSE_MS => false,
            Some((_, told)) => {
                *told = now_ms;
                true
            }
            None => {
                self.0.push((limit, now_ms));
                true
            }
        }
    }
}
