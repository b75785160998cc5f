//! Bounds what one call of a guest may bring back.

use alloc::vec::Vec;

/// The bytes that one call may still read.
pub struct Room(u64);

impl Room {
    /// Room for so many bytes.
    pub const fn new(bytes: u32) -> Self {
        Self(bytes as u64)
    }

    /// So many zeroes to read into, or None for more than are left, here or on the heap.
    pub fn take(&mut self, length: u64) -> Option<Vec<u8>> {
        let left = self.0.checked_sub(length)?;
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(length as usize).ok()?;
        buffer.resize(length as usize, 0);
        self.0 = left;
        Some(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn gives_what_is_left_and_no_more() {
        let mut room = Room::new(5);
        assert_eq!(room.take(3), Some(alloc::vec![0; 3]));
        assert_eq!(room.take(3), None);
        assert_eq!(room.take(u64::MAX), None);
        assert_eq!(room.take(2), Some(alloc::vec![0; 2]));
        assert_eq!(room.take(0), Some(alloc::vec![]));
        assert_eq!(room.take(1), None);
    }
}
