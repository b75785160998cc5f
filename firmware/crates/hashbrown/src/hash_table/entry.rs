//! One value of a table, or the lack of it.

use super::HashTable;

/// A value that was looked for.
#[derive(Debug)]
pub enum Entry<'a, T> {
    /// It is there.
    Occupied(OccupiedEntry<'a, T>),
    /// It is not.
    Vacant(VacantEntry<'a, T>),
}

/// A value that is there.
#[derive(Debug)]
pub struct OccupiedEntry<'a, T> {
    pub(super) table: &'a mut HashTable<T>,
    pub(super) place: usize,
}

impl<'a, T> OccupiedEntry<'a, T> {
    /// The value.
    pub fn get(&self) -> &T {
        &self.table.values[self.place]
    }

    /// The value, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.table.values[self.place]
    }

    /// The value, to be changed, for as long as the table is lent.
    pub fn into_mut(self) -> &'a mut T {
        &mut self.table.values[self.place]
    }

    /// Its place, for as long as no value is removed.
    pub fn bucket_index(&self) -> usize {
        self.place
    }

    /// Removes the value.
    pub fn remove(self) -> (T, VacantEntry<'a, T>) {
        let value = self.table.values.swap_remove(self.place);
        (value, VacantEntry { table: self.table })
    }
}

/// A value that is missing and can be inserted.
#[derive(Debug)]
pub struct VacantEntry<'a, T> {
    pub(super) table: &'a mut HashTable<T>,
}

impl<'a, T> VacantEntry<'a, T> {
    /// Inserts the value.
    pub fn insert(self, value: T) -> OccupiedEntry<'a, T> {
        self.table.insert_unique(0, value, |_| 0)
    }
}

/// A value that is missing.
#[derive(Debug)]
pub struct AbsentEntry<'a, T> {
    pub(super) table: &'a mut HashTable<T>,
}

impl<'a, T> AbsentEntry<'a, T> {
    /// The table that it was looked for in.
    pub fn into_table(self) -> &'a mut HashTable<T> {
        self.table
    }
}
