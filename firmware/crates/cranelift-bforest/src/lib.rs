//! Maps in the order of their keys, as far as Wasmtime's `TryBTreeMap` uses them: vectors that are searched from the start.
//!
//! Boards take this crate in the place of the one of the same name, whose maps are B+-trees in pools of nodes. Wasmtime
//! keeps in such maps what code a store has and where all code lies, a few entries for each component. Differences:
//!
//! - A [`Map`] holds its entries itself. A [`MapForest`] is empty, and clearing it clears no map.
//! - Finding, inserting and removing an entry takes time in proportion to the number of entries.
//! - A vector grows by one entry at a time, so that no memory is set aside.
//! - [`Map::range`] finds entries from its end, too, when no key is equal to an excluded end.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod cursor;
mod entries;
mod map;

use core::cmp::Ordering;

pub use cursor::MapCursorMut;
pub use map::{Map, MapForest, MapIntoIter, MapIter, MapRange};

/// An order of keys.
pub trait Comparator<K: Copy> {
    /// How `a` stands to `b`: a total order.
    fn cmp(&self, a: K, b: K) -> Ordering;
}

/// The order that the keys have of themselves.
impl<K: Copy + Ord> Comparator<K> for () {
    fn cmp(&self, a: K, b: K) -> Ordering {
        a.cmp(&b)
    }
}
