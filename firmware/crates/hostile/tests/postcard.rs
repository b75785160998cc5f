//! What the crate `postcard` writes, read by ours: as it is, cut, and with a byte changed.

use std::collections::BTreeMap;

use petiole_hostile::{Floats, Kind, Newtype, Shapes, Tree, Unit};

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number of any length in bits.
    fn number(&mut self) -> u64 {
        let bits = self.below(64);
        self.next() >> bits
    }

    fn text(&mut self) -> String {
        let count = self.below(6);
        (0..count)
            .map(|_| ['a', 'é', '≈', '🌱', '\0'][self.below(5) as usize])
            .collect()
    }

    fn list<T>(&mut self, end: u64, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(end);
        (0..count).map(|_| one(self)).collect()
    }

    fn option<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| some(self))
    }

    fn kind(&mut self) -> Kind {
        match self.below(4) {
            0 => Kind::Unit,
            1 => Kind::Newtype(Newtype(self.number())),
            2 => Kind::Tuple(
                self.next() as u16,
                self.option(|numbers| numbers.next() as u8),
            ),
            _ => Kind::Struct {
                one: self.number() as i32,
                two: self.list(200, |numbers| numbers.next() as u8),
            },
        }
    }

    fn tree(&mut self, depth: u64) -> Tree {
        match self.below(3).min(depth) {
            0 => Tree::Leaf(self.next() as u8),
            1 => Tree::Node(Box::new(self.tree(depth - 1))),
            _ => Tree::Pair(Box::new((self.tree(depth - 1), self.tree(depth - 1)))),
        }
    }

    fn shapes<'a>(&mut self, text: &'a str, bytes: &'a [u8]) -> Shapes<'a> {
        Shapes {
            fixed: (
                self.below(2) == 0,
                self.next() as u8,
                self.next() as i8,
                (self.next() as u32).to_le_bytes(),
                self.option(|numbers| numbers.text().chars().next().unwrap_or('x')),
            ),
            unsigned: (
                self.number() as u16,
                self.number() as u32,
                self.number(),
                self.number() as usize,
            ),
            signed: (
                self.number() as i16,
                self.number() as i32,
                self.number() as i64,
                -(self.number() as u32 as isize),
            ),
            floats: Floats(
                f32::from_bits(self.next() as u32),
                f64::from_bits(self.next()),
            ),
            texts: (text, self.text(), self.list(4, Self::text)),
            choices: self.list(4, |numbers| numbers.option(Self::text)).into(),
            bytes,
            lists: self.list(4, |numbers| numbers.list(4, Self::kind)),
            map: self
                .list(4, |numbers| {
                    (
                        numbers.text(),
                        numbers.option(|numbers| Newtype(numbers.number())),
                    )
                })
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            tree: self.tree(5),
            nothing: ((), Unit),
        }
    }
}

#[test]
fn reads_what_the_reference_writes() {
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    for _ in 0..2_000 {
        let (text, bytes) = (
            numbers.text(),
            numbers.list(300, |numbers| numbers.next() as u8),
        );
        let shapes = numbers.shapes(&text, &bytes);
        let written = reference::to_allocvec(&shapes).unwrap();
        assert_eq!(postcard::from_bytes(&written), Ok(shapes));
    }
}

#[test]
fn answers_as_the_reference_does_when_bytes_are_missing_or_changed() {
    let mut numbers = Numbers(0xfedc_ba98_7654_3210);
    for _ in 0..40 {
        let (text, bytes) = (
            numbers.text(),
            numbers.list(20, |numbers| numbers.next() as u8),
        );
        let written = reference::to_allocvec(&numbers.shapes(&text, &bytes)).unwrap();
        for end in 0..written.len() {
            assert_eq!(
                postcard::from_bytes::<Shapes>(&written[..end]),
                Err(postcard::Error)
            );
            let mut changed = written.clone();
            changed[end] = [0, 1, 2, 0x7f, 0x80, 0xff][numbers.below(6) as usize];
            petiole_hostile::postcard(&changed);
        }
    }
}
