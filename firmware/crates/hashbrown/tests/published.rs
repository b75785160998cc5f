//! Our table beside the published one: the same steps, the same values.

use std::hash::{BuildHasher, RandomState};

/// Xorshift: the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

type Value = (u64, u64);

#[derive(Default)]
struct Tables {
    hashes: RandomState,
    ours: hashbrown::HashTable<Value>,
    published: reference::HashTable<Value>,
}

impl Tables {
    fn hash(&self, key: u64) -> u64 {
        self.hashes.hash_one(key)
    }

    fn find(&mut self, key: u64) {
        let (hash, equal) = (self.hash(key), |value: &Value| value.0 == key);
        let ours = self.ours.find(hash, equal).copied();
        assert_eq!(ours, self.published.find(hash, equal).copied());
        assert_eq!(self.ours.find_mut(hash, equal).copied(), ours);
        let place = self.ours.find_bucket_index(hash, equal);
        assert_eq!(place.is_some(), ours.is_some());
        if let Some(place) = place {
            assert_eq!(self.ours.get_bucket_mut(place).copied(), ours);
            let entry = self.ours.get_bucket_entry(place).ok().unwrap();
            assert_eq!((entry.bucket_index(), Some(*entry.get())), (place, ours));
        }
        assert!(self.ours.get_bucket_mut(self.ours.len()).is_none());
        assert!(self.ours.get_bucket_entry(self.ours.len()).is_err());
    }

    fn insert_or_change(&mut self, key: u64, value: u64) {
        let (hash, equal) = (self.hash(key), |value: &Value| value.0 == key);
        let rehash = |value: &Value| self.hashes.hash_one(value.0);
        let ours = match self.ours.entry(hash, equal, rehash) {
            hashbrown::hash_table::Entry::Occupied(mut entry) => {
                entry.get_mut().1 = value;
                *entry.into_mut()
            }
            hashbrown::hash_table::Entry::Vacant(entry) => *entry.insert((key, value)).get(),
        };
        let published = match self.published.entry(hash, equal, rehash) {
            reference::hash_table::Entry::Occupied(mut entry) => {
                entry.get_mut().1 = value;
                *entry.into_mut()
            }
            reference::hash_table::Entry::Vacant(entry) => *entry.insert((key, value)).get(),
        };
        assert_eq!(ours, published);
    }

    fn remove(&mut self, key: u64) {
        let (hash, equal) = (self.hash(key), |value: &Value| value.0 == key);
        let ours = self.ours.find_entry(hash, equal);
        let published = self.published.find_entry(hash, equal);
        assert_eq!(
            ours.ok().map(|entry| entry.remove().0),
            published.ok().map(|entry| entry.remove().0)
        );
    }

    fn swap(&mut self, one: u64, other: u64) {
        let hashes = [self.hash(one), self.hash(other)];
        let equal = |wanted: usize, value: &Value| value.0 == [one, other][wanted];
        let ours = self.ours.get_disjoint_mut(hashes, equal);
        let published = self.published.get_disjoint_mut(hashes, equal);
        let read = |found: &[Option<&mut Value>; 2]| {
            found.each_ref().map(|value| value.as_deref().copied())
        };
        assert_eq!(read(&ours), read(&published));
        if let ([Some(one), Some(other)], [Some(first), Some(second)]) = (ours, published) {
            std::mem::swap(&mut one.1, &mut other.1);
            std::mem::swap(&mut first.1, &mut second.1);
        }
    }

    fn compare(&self) {
        assert_eq!(self.ours.len(), self.published.len());
        assert_eq!(self.ours.is_empty(), self.published.is_empty());
        assert!(self.ours.capacity() >= self.ours.len());
        let mut ours: Vec<_> = self.ours.clone().into_iter().copied().collect();
        let mut published: Vec<_> = self.published.iter().copied().collect();
        ours.sort_unstable();
        published.sort_unstable();
        assert_eq!(ours, published);
    }
}

#[test]
fn answers_as_the_published_table_does() {
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    for keys in [2, 5, 40, 300] {
        for _ in 0..20 {
            let mut tables = Tables::default();
            for value in 0..300 {
                let key = numbers.below(keys);
                match numbers.below(16) {
                    0..=7 => tables.insert_or_change(key, value),
                    8..=11 => tables.remove(key),
                    12 | 13 => tables.find(key),
                    14 => tables.swap(key, (key + 1 + numbers.below(keys - 1)) % keys),
                    _ => {
                        let most = numbers.below(600);
                        tables.ours.retain(|value| value.1 < most);
                        tables.published.retain(|value| value.1 < most);
                    }
                }
                tables.compare();
            }
            for value in &mut tables.ours {
                value.1 += 1;
            }
            tables.published.iter_mut().for_each(|value| value.1 += 1);
            tables.compare();
            let capacity = tables.ours.capacity();
            tables.ours.clear();
            assert_eq!((tables.ours.len(), tables.ours.capacity()), (0, capacity));
        }
    }
}

#[test]
fn memory_is_set_aside_and_given_back() {
    let hash = |_: &u64| 0;
    let mut table = hashbrown::HashTable::with_capacity(3);
    assert!(table.capacity() >= 3);
    table.reserve(10, hash);
    assert!(table.capacity() >= 10);
    table.insert_unique(0, 1, hash);
    table.try_reserve(30, hash).unwrap();
    assert!(table.capacity() >= 31);
    table.shrink_to(2, hash);
    assert!((2..31).contains(&table.capacity()));
}

#[test]
fn too_much_memory_is_an_error() {
    let mut table = hashbrown::HashTable::<u64>::new();
    assert!(matches!(
        table.try_reserve(usize::MAX, |_| 0),
        Err(hashbrown::TryReserveError::CapacityOverflow)
    ));
    assert!(matches!(
        table.try_reserve(usize::MAX >> 5, |_| 0),
        Err(hashbrown::TryReserveError::AllocError { layout }) if layout.size() == (usize::MAX >> 5) * 8
    ));
}
