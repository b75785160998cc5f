//! Hashes for the maps of small processors.
//!
//! Boards take this crate in the place of the one of the same name, whose hashes `hashbrown` uses by default: that one
//! multiplies 64 bits by 64 and collects its input in 128, which small processors have no instructions for. Neither
//! has a secret on a board: the other one makes its seed of addresses, which are the same in each firmware.

#![no_std]
#![forbid(unsafe_code)]

/// The variant that `hashbrown` uses.
pub mod fast {
    use core::hash::{BuildHasher, Hasher};

    /// Makes hashers, all alike.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct RandomState;

    impl BuildHasher for RandomState {
        type Hasher = FoldHasher;

        #[inline(always)]
        fn build_hasher(&self) -> FoldHasher {
            FoldHasher(0)
        }
    }

    /// Turns, mixes and multiplies 32 bits for each number, and for each byte of a text.
    #[derive(Clone)]
    pub struct FoldHasher(u32);

    /// The golden ratio in 32 bits: odd, and its multiples spread evenly.
    const FACTOR: u32 = 0x9e37_79b9;

    /// How far the product's upper bits, which all of the input reaches, are from where tables look for an index.
    const DOWN: u32 = 15;

    impl FoldHasher {
        #[inline(always)]
        fn mix(&mut self, number: u32) {
            self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
        }
    }

    impl Hasher for FoldHasher {
        #[inline(never)]
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.mix(u32::from(*byte));
            }
        }

        #[inline(always)]
        fn write_u8(&mut self, number: u8) {
            self.mix(u32::from(number));
        }

        #[inline(always)]
        fn write_u16(&mut self, number: u16) {
            self.mix(u32::from(number));
        }

        #[inline(always)]
        fn write_u32(&mut self, number: u32) {
            self.mix(number);
        }

        #[inline(always)]
        fn write_u64(&mut self, number: u64) {
            self.mix(number as u32);
            self.mix((number >> 32) as u32);
        }

        #[inline(always)]
        fn write_usize(&mut self, number: usize) {
            #[cfg(target_pointer_width = "64")]
            self.write_u64(number as u64);
            #[cfg(not(target_pointer_width = "64"))]
            self.mix(number as u32);
        }

        #[inline(always)]
        fn finish(&self) -> u64 {
            u64::from(self.0 ^ (self.0 >> DOWN))
        }
    }
}
