//! Our maps beside the published ones: the same steps, the same answers.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn bound(&mut self, keys: u64) -> Bound<u64> {
        let key = self.below(keys);
        match self.below(3) {
            0 => Bound::Included(key),
            1 => Bound::Excluded(key),
            _ => Bound::Unbounded,
        }
    }
}

#[derive(Default)]
struct Maps {
    ours: cranelift_bforest::Map<u64, u32>,
    forest: cranelift_bforest::MapForest<u64, u32>,
    published: Published,
    model: BTreeMap<u64, u32>,
}

struct Published {
    map: reference::Map<u64, u32>,
    forest: reference::MapForest<u64, u32>,
}

impl Default for Published {
    fn default() -> Self {
        Self {
            map: reference::Map::new(),
            forest: reference::MapForest::new(),
        }
    }
}

impl Maps {
    fn insert(&mut self, key: u64, value: u32) {
        let ours = self.ours.try_insert(key, value, &mut self.forest, &());
        let Published { map, forest } = &mut self.published;
        assert_eq!(ours.unwrap(), map.insert(key, value, forest, &()));
        self.model.insert(key, value);
    }

    fn remove(&mut self, key: u64) {
        let ours = self.ours.remove(key, &mut self.forest, &());
        let Published { map, forest } = &mut self.published;
        assert_eq!(ours, map.remove(key, forest, &()));
        self.model.remove(&key);
    }

    /// What `TryBTreeMap::entry` does, and what its entries can do.
    fn by_cursor(&mut self, key: u64, step: u64, value: u32) {
        let mut ours = self.ours.cursor_mut(&mut self.forest, &());
        let Published { map, forest } = &mut self.published;
        let mut published = map.cursor_mut(forest, &());
        assert_eq!((ours.key(), ours.value()), (None, None));
        assert_eq!(ours.goto(key), published.goto(key));
        match step {
            0 => {
                assert_eq!(
                    ours.try_insert(key, value).unwrap(),
                    published.insert(key, value)
                );
                self.model.insert(key, value);
            }
            1 => {
                let at = ours.key();
                assert_eq!(ours.remove(), published.remove());
                at.map(|key| self.model.remove(&key));
            }
            _ => {}
        }
        assert_eq!(
            (ours.key(), ours.value()),
            (published.key(), published.value())
        );
    }

    fn compare(&self, start: Bound<u64>, end: Bound<u64>) {
        let Published { map, forest } = &self.published;
        assert_eq!(self.ours.is_empty(), map.is_empty());
        let ours: Vec<_> = self.ours.iter(&self.forest).collect();
        assert_eq!(ours, map.iter(forest).collect::<Vec<_>>());

        let range = || self.ours.range((start, end), &self.forest, &());
        let published = || map.range((start, end), forest, &());
        assert_eq!(range().collect::<Vec<_>>(), published().collect::<Vec<_>>());
        let backwards: Vec<_> = range().rev().collect();
        assert_eq!(
            backwards,
            range()
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
        );
        if !matches!(end, Bound::Excluded(key) if !self.model.contains_key(&key)) {
            assert_eq!(backwards, published().rev().collect::<Vec<_>>());
        }
    }

    fn get(&self, key: u64) {
        let Published { map, forest } = &self.published;
        assert_eq!(
            self.ours.get(key, &self.forest, &()),
            map.get(key, forest, &())
        );
    }
}

#[test]
fn answers_as_the_published_maps_do() {
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    for keys in [1, 2, 5, 30, 400] {
        for _ in 0..20 {
            let mut maps = Maps::default();
            for value in 0..300 {
                let key = numbers.below(keys);
                match numbers.below(8) {
                    0..=3 => maps.insert(key, value),
                    4 | 5 => maps.remove(key),
                    _ => maps.by_cursor(key, numbers.below(3), value),
                }
                maps.get(numbers.below(keys));
                maps.compare(numbers.bound(keys), numbers.bound(keys));
            }
            let Published { map, forest } = maps.published;
            let ours: Vec<_> = maps.ours.into_iter(maps.forest).collect();
            assert_eq!(ours, map.into_iter(forest).collect::<Vec<_>>());
            assert_eq!(ours, maps.model.into_iter().collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_range_is_walked_from_both_ends_at_once() {
    let mut numbers = Numbers(0xfedc_ba98_7654_3210);
    for _ in 0..500 {
        let mut maps = Maps::default();
        for value in 0..12 {
            maps.insert(numbers.below(30), value);
        }
        let (start, end) = (numbers.below(30), numbers.below(31));
        let mut ours = maps.ours.range(start..end, &maps.forest, &());
        let end = end.max(start);
        let mut model = maps.model.range(start..end);
        for _ in 0..14 {
            let (ours, model) = if numbers.below(2) == 0 {
                (ours.next(), model.next())
            } else {
                (ours.next_back(), model.next_back())
            };
            assert_eq!(ours, model.map(|(key, value)| (*key, *value)));
        }
    }
}

#[test]
fn keys_stand_in_the_order_that_is_asked_for() {
    struct Backwards;
    impl cranelift_bforest::Comparator<u64> for Backwards {
        fn cmp(&self, a: u64, b: u64) -> std::cmp::Ordering {
            b.cmp(&a)
        }
    }
    let (mut map, mut forest) = (
        cranelift_bforest::Map::new(),
        cranelift_bforest::MapForest::new(),
    );
    for key in [3, 9, 1, 9] {
        map.try_insert(key, key + 1, &mut forest, &Backwards)
            .unwrap();
    }
    assert_eq!(
        map.iter(&forest).collect::<Vec<_>>(),
        [(9, 10), (3, 4), (1, 2)]
    );
    assert_eq!(map.get(3, &forest, &Backwards), Some(4));
    let low = map.range(3.., &forest, &Backwards);
    assert_eq!(low.collect::<Vec<_>>(), [(3, 4), (1, 2)]);
}
