//! A table that looks at each of its values: hashes are not used, and values stand in a vector.

extern crate alloc;

mod entry;

use alloc::alloc::Layout;
use alloc::vec::Vec;
use core::slice;

use published::TryReserveError;

pub use entry::{AbsentEntry, Entry, OccupiedEntry, VacantEntry};

/// Values that are found by what makes them equal. A value's place is its number in a vector; removing a value moves the
/// last one to its place.
#[derive(Clone, Debug)]
pub struct HashTable<T> {
    values: Vec<T>,
}

impl<T> HashTable<T> {
    /// A table without values, which takes no memory.
    pub const fn new() -> Self {
        Self { values: Vec::new() }
    }

    /// A table with memory for so many values.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            values: Vec::with_capacity(capacity),
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many values there is memory for.
    pub fn capacity(&self) -> usize {
        self.values.capacity()
    }

    /// Removes all values and keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// Sets memory aside for so many more values.
    pub fn reserve(&mut self, additional: usize, _: impl Fn(&T) -> u64) {
        self.values.reserve_exact(additional);
    }

    /// Sets memory aside for so many more values. Raises [`TryReserveError`] when there is none.
    pub fn try_reserve(
        &mut self,
        additional: usize,
        _: impl Fn(&T) -> u64,
    ) -> Result<(), TryReserveError> {
        self.values.try_reserve_exact(additional).map_err(|_| {
            let values = self.values.len().saturating_add(additional);
            match Layout::array::<T>(values) {
                Ok(layout) => TryReserveError::AllocError { layout },
                Err(_) => TryReserveError::CapacityOverflow,
            }
        })
    }

    /// Gives memory back that is for more than `capacity` values.
    pub fn shrink_to(&mut self, capacity: usize, _: impl Fn(&T) -> u64) {
        self.values.shrink_to(capacity);
    }

    /// The place of a value.
    pub fn find_bucket_index(&self, _: u64, equal: impl FnMut(&T) -> bool) -> Option<usize> {
        self.values.iter().position(equal)
    }

    /// The value at a place.
    pub fn get_bucket_mut(&mut self, place: usize) -> Option<&mut T> {
        self.values.get_mut(place)
    }

    /// A value.
    pub fn find(&self, _: u64, mut equal: impl FnMut(&T) -> bool) -> Option<&T> {
        self.values.iter().find(|value| equal(value))
    }

    /// A value, to be changed.
    pub fn find_mut(&mut self, _: u64, mut equal: impl FnMut(&T) -> bool) -> Option<&mut T> {
        self.values.iter_mut().find(|value| equal(value))
    }

    /// Several values at once. `equal` is told which of them it is asked for; no value is two of them.
    pub fn get_disjoint_mut<const N: usize>(
        &mut self,
        _: [u64; N],
        mut equal: impl FnMut(usize, &T) -> bool,
    ) -> [Option<&mut T>; N] {
        let mut found = [const { None }; N];
        for value in &mut self.values {
            let wanted = (0..N).find(|wanted| found[*wanted].is_none() && equal(*wanted, value));
            if let Some(wanted) = wanted {
                found[wanted] = Some(value);
            }
        }
        found
    }

    /// A value to be changed or removed, or none.
    pub fn find_entry(
        &mut self,
        hash: u64,
        equal: impl FnMut(&T) -> bool,
    ) -> Result<OccupiedEntry<'_, T>, AbsentEntry<'_, T>> {
        match self.find_bucket_index(hash, equal) {
            Some(place) => Ok(OccupiedEntry { table: self, place }),
            None => Err(AbsentEntry { table: self }),
        }
    }

    /// The value at a place, to be changed or removed, or none.
    pub fn get_bucket_entry(
        &mut self,
        place: usize,
    ) -> Result<OccupiedEntry<'_, T>, AbsentEntry<'_, T>> {
        if place < self.len() {
            Ok(OccupiedEntry { table: self, place })
        } else {
            Err(AbsentEntry { table: self })
        }
    }

    /// A value, or that it is missing and can be inserted.
    pub fn entry(
        &mut self,
        hash: u64,
        equal: impl FnMut(&T) -> bool,
        _: impl Fn(&T) -> u64,
    ) -> Entry<'_, T> {
        match self.find_bucket_index(hash, equal) {
            Some(place) => Entry::Occupied(OccupiedEntry { table: self, place }),
            None => Entry::Vacant(VacantEntry { table: self }),
        }
    }

    /// Inserts a value that is not there.
    pub fn insert_unique(
        &mut self,
        _: u64,
        value: T,
        _: impl Fn(&T) -> u64,
    ) -> OccupiedEntry<'_, T> {
        let place = self.len();
        self.values.reserve_exact(1);
        self.values.push(value);
        OccupiedEntry { table: self, place }
    }

    /// Removes all values but those that `keep` wants, which it may change.
    pub fn retain(&mut self, keep: impl FnMut(&mut T) -> bool) {
        self.values.retain_mut(keep);
    }
}

impl<T> Default for HashTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T> IntoIterator for &'a HashTable<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.values.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut HashTable<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> slice::IterMut<'a, T> {
        self.values.iter_mut()
    }
}
