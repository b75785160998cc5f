//! Sets of our macro beside those of the published one: the same declarations, the same steps.

macro_rules! declare {
    ($crate_name:ident $module:ident) => {
        mod $module {
            #[allow(unused_imports)]
            pub use $crate_name::Flags;

            $crate_name::bitflags! {
                /// Single flags, some that come together, and one in two names.
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub struct Parts: u16 {
                    const ONE = 1;
                    /// A flag of a high bit.
                    const HIGH = 1 << 15;
                    const BOTH_OF_THEM = Self::ONE.bits() | Self::HIGH.bits();
                    const UNNAMED_TOO = (1 << 4) | Self::TWO.bits();
                    const TWO = 2;
                    const ALIAS = 2;
                }

                #[allow(dead_code)]
                struct Second: u8 {
                    const ONLY = 1 << 7;
                }
            }

            #[allow(dead_code)]
            pub const UNITED: Parts = Parts::ONE.union(Parts::TWO);
        }
    };
}

declare!(bitflags ours);
declare!(reference published);

use ours::{Flags as _, Parts};
use published::{Flags as _, Parts as Published};

/// Numbers with all bits of the flags in all ways, and with bits that are none.
fn numbers() -> impl Iterator<Item = u16> {
    (0..64).flat_map(|low| [low, low | 1 << 15, low | 1 << 9])
}

#[test]
fn flags_have_their_names_and_values() {
    let ours: Vec<_> = Parts::FLAGS
        .iter()
        .map(|flag| (flag.name().as_str(), flag.value().bits()))
        .collect();
    let published: Vec<_> = Published::FLAGS
        .iter()
        .map(|flag| (flag.name(), flag.value().bits()))
        .collect();
    assert_eq!(ours, published);
    assert_eq!(ours::UNITED.bits(), published::UNITED.bits());
    assert_eq!(Parts::all().bits(), Published::all().bits());
}

#[test]
fn names_in_lower_case_are_as_they_were() {
    for flag in Parts::FLAGS {
        let name: &str = &flag.name();
        assert_eq!(flag.name().to_lowercase(), name.to_lowercase());
        assert_eq!(flag.name().to_string(), name);
    }
}

#[test]
fn single_sets_answer_as_published_ones() {
    for bits in numbers() {
        assert_eq!(
            Parts::from_bits(bits).map(|set| set.bits()),
            Published::from_bits(bits).map(|set| set.bits())
        );
        assert_eq!(
            Parts::from_bits_truncate(bits).bits(),
            Published::from_bits_truncate(bits).bits()
        );
        let (ours, published) = (
            Parts::from_bits_retain(bits),
            Published::from_bits_retain(bits),
        );
        assert_eq!((!ours).bits(), (!published).bits());
        assert_eq!(ours.is_empty(), published.is_empty());
        assert_eq!(ours.is_all(), published.is_all());
        let names: Vec<_> = ours
            .iter_names()
            .map(|(name, set)| (name, set.bits()))
            .collect();
        let published: Vec<_> = published
            .iter_names()
            .map(|(name, set)| (name, set.bits()))
            .collect();
        assert_eq!(names, published);
    }
}

#[test]
fn two_sets_are_combined_as_published_ones() {
    for one in numbers() {
        for other in numbers() {
            let (a, b) = (Parts::from_bits_retain(one), Parts::from_bits_retain(other));
            let (c, d) = (
                Published::from_bits_retain(one),
                Published::from_bits_retain(other),
            );
            assert_eq!((a & b).bits(), (c & d).bits());
            assert_eq!((a | b).bits(), (c | d).bits());
            assert_eq!((a ^ b).bits(), (c ^ d).bits());
            assert_eq!((a - b).bits(), (c - d).bits());
            assert_eq!(a.contains(b), c.contains(d));
            assert_eq!(a.intersects(b), c.intersects(d));
            for on in [false, true] {
                let (mut ours, mut published) = (a, c);
                ours.set(b, on);
                published.set(d, on);
                assert_eq!(ours.bits(), published.bits());
            }
            let (mut ours, mut published) = (a, c);
            ours.insert(b);
            published.insert(d);
            ours ^= b;
            published ^= d;
            ours |= a;
            published |= c;
            assert_eq!(ours.bits(), published.bits());
            ours &= b;
            published &= d;
            ours.remove(a);
            published.remove(c);
            assert_eq!(ours.bits(), published.bits());
        }
    }
}
