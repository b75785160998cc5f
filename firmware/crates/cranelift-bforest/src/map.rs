//! One map, and walks through it.

use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

use wasmtime_internal_core::error::OutOfMemory;

use crate::entries::{Entries, find, place};
use crate::{Comparator, MapCursorMut};

/// Where the published crate keeps the entries of several maps; nothing here.
pub struct MapForest<K, V> {
    of: PhantomData<(K, V)>,
}

impl<K: Copy, V: Copy> MapForest<K, V> {
    /// A forest without maps.
    pub const fn new() -> Self {
        Self { of: PhantomData }
    }

    /// Does nothing: whoever clears a forest makes its maps anew.
    pub fn clear(&mut self) {}
}

impl<K: Copy, V: Copy> Default for MapForest<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Values by their keys, in the order of the keys.
pub struct Map<K, V> {
    pub(crate) entries: Entries<K, V>,
}

impl<K: Copy, V: Copy> Map<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self {
            entries: Entries::new(),
        }
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get<C: Comparator<K>>(&self, key: K, _: &MapForest<K, V>, order: &C) -> Option<V> {
        find(&self.entries, key, order).map(|place| self.entries[place].1)
    }

    /// Gives `key` a value, and returns the one it had. Raises [`OutOfMemory`] and changes nothing when there is no memory
    /// for another entry.
    pub fn try_insert<C: Comparator<K>>(
        &mut self,
        key: K,
        value: V,
        forest: &mut MapForest<K, V>,
        order: &C,
    ) -> Result<Option<V>, OutOfMemory> {
        self.cursor_mut(forest, order).try_insert(key, value)
    }

    /// Removes `key` and returns its value.
    pub fn remove<C: Comparator<K>>(
        &mut self,
        key: K,
        _: &mut MapForest<K, V>,
        order: &C,
    ) -> Option<V> {
        find(&self.entries, key, order).map(|place| self.entries.remove(place).1)
    }

    /// A cursor behind the last entry.
    pub fn cursor_mut<'a, C: Comparator<K>>(
        &'a mut self,
        _: &'a mut MapForest<K, V>,
        order: &'a C,
    ) -> MapCursorMut<'a, K, V, C> {
        MapCursorMut::new(&mut self.entries, order)
    }

    /// All entries.
    pub fn iter<'a>(&'a self, _: &'a MapForest<K, V>) -> MapIter<'a, K, V> {
        MapIter(self.entries.iter())
    }

    /// All entries, of a map that is no more.
    pub fn into_iter(self, _: MapForest<K, V>) -> MapIntoIter<K, V> {
        MapIntoIter(self.entries.into_iter())
    }

    /// The entries whose keys are in `range`; none when its end is before its start.
    pub fn range<'a, R: RangeBounds<K>, C: Comparator<K>>(
        &'a self,
        range: R,
        _: &'a MapForest<K, V>,
        order: &'a C,
    ) -> MapRange<'a, K, V, C> {
        let start = match range.start_bound() {
            Bound::Included(key) => place(&self.entries, *key, false, order),
            Bound::Excluded(key) => place(&self.entries, *key, true, order),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(key) => place(&self.entries, *key, true, order),
            Bound::Excluded(key) => place(&self.entries, *key, false, order),
            Bound::Unbounded => self.entries.len(),
        };
        MapRange {
            entries: self.entries.get(start..end).unwrap_or_default().iter(),
            order: PhantomData,
        }
    }
}

impl<K: Copy, V: Copy> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// All entries of a map, in the order of their keys.
pub struct MapIter<'a, K, V>(core::slice::Iter<'a, (K, V)>);

impl<K: Copy, V: Copy> Iterator for MapIter<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.0.next().copied()
    }
}

/// All entries of a map that is no more, in the order of their keys.
pub struct MapIntoIter<K, V>(alloc::vec::IntoIter<(K, V)>);

impl<K: Copy, V: Copy> Iterator for MapIntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.0.next()
    }
}

/// The entries in a range of keys, in the order of their keys.
pub struct MapRange<'a, K, V, C> {
    entries: core::slice::Iter<'a, (K, V)>,
    order: PhantomData<&'a C>,
}

impl<K: Copy, V: Copy, C: Comparator<K>> Iterator for MapRange<'_, K, V, C> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.entries.next().copied()
    }
}

impl<K: Copy, V: Copy, C: Comparator<K>> DoubleEndedIterator for MapRange<'_, K, V, C> {
    fn next_back(&mut self) -> Option<(K, V)> {
        self.entries.next_back().copied()
    }
}
