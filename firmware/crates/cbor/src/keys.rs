//! Order of map keys.

use crate::Malformed;

/// Checks that the integer keys of a map come in ascending order, each once, as RFC 8949
/// section 4.2.1 asks of deterministic writers.
#[derive(Debug, Default)]
pub struct Keys {
    last: Option<u64>,
}

impl Keys {
    /// Before the first key.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Notes `key` and hands it back.
    ///
    /// # Errors
    /// [`Malformed`] when it is not greater than the key before it.
    pub fn next(&mut self, key: u64) -> Result<u64, Malformed> {
        if self.last.is_some_and(|last| key <= last) {
            return Err(Malformed);
        }
        self.last = Some(key);
        Ok(key)
    }
}
