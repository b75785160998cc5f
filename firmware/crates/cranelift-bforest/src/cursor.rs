//! A place in a map.

use wasmtime_internal_core::error::OutOfMemory;

use crate::Comparator;
use crate::entries::{Entries, insert, place};

/// A place in a map: at one of its entries, or behind the last one.
pub struct MapCursorMut<'a, K, V, C> {
    entries: &'a mut Entries<K, V>,
    order: &'a C,
    place: usize,
}

impl<'a, K: Copy, V: Copy, C: Comparator<K>> MapCursorMut<'a, K, V, C> {
    pub(crate) fn new(entries: &'a mut Entries<K, V>, order: &'a C) -> Self {
        let place = entries.len();
        Self {
            entries,
            order,
            place,
        }
    }

    /// The key at this place; none behind the last entry.
    pub fn key(&self) -> Option<K> {
        self.entries.get(self.place).map(|(key, _)| *key)
    }

    /// The value at this place; none behind the last entry.
    pub fn value(&self) -> Option<V> {
        self.entries.get(self.place).map(|(_, value)| *value)
    }

    /// Goes to `key` and returns its value, or goes to where it would be.
    pub fn goto(&mut self, key: K) -> Option<V> {
        self.place = place(self.entries, key, false, self.order);
        let (other, value) = self.entries.get(self.place)?;
        self.order.cmp(*other, key).is_eq().then_some(*value)
    }

    /// Goes to `key`, gives it a value, and returns the one it had. Raises [`OutOfMemory`] and changes no entry when there
    /// is no memory for another one.
    pub fn try_insert(&mut self, key: K, value: V) -> Result<Option<V>, OutOfMemory> {
        let old = self.goto(key);
        if old.is_some() {
            self.entries[self.place].1 = value;
        } else {
            insert(self.entries, self.place, (key, value))?;
        }
        Ok(old)
    }

    /// Removes the entry at this place, and returns its value. The cursor is then at the one behind it.
    pub fn remove(&mut self) -> Option<V> {
        (self.place < self.entries.len()).then(|| self.entries.remove(self.place).1)
    }
}
