//! The numbers behind `wasi:random/random`.

use alloc::vec::Vec;

use crate::Port;
use crate::room::Room;

/// `length` random bytes, or None for more than `most`.
pub fn bytes(port: &mut dyn Port, length: u64, most: u32) -> Option<Vec<u8>> {
    let mut bytes = Room::new(most).take(length)?;
    port.random(&mut bytes);
    Some(bytes)
}

/// A random number of 64 bits.
pub fn number(port: &mut dyn Port) -> u64 {
    let mut bytes = [0; 8];
    port.random(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::{bytes, number};
    use crate::double::Recorder;

    #[test]
    fn as_many_bytes_as_asked_for_but_no_more_than_allowed() {
        let (mut port, _) = Recorder::new();
        assert_eq!(bytes(&mut port, 0, 4), Some(alloc::vec![]));
        assert_eq!(bytes(&mut port, 4, 4), Some(alloc::vec![1, 2, 3, 4]));
        assert_eq!(bytes(&mut port, 5, 4), None);
        assert_eq!(bytes(&mut port, u64::MAX, 4), None);
    }

    #[test]
    fn every_byte_of_a_number_is_drawn() {
        let (mut port, _) = Recorder::new();
        assert_eq!(number(&mut port), 0x0807_0605_0403_0201);
        assert_eq!(number(&mut port), 0x100f_0e0d_0c0b_0a09);
    }
}
