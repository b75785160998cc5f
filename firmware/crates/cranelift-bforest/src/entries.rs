//! A vector of keys and values in the order of the keys.

use alloc::vec::Vec;
use core::cmp::Ordering;

use wasmtime_internal_core::error::OutOfMemory;

use crate::Comparator;

pub(crate) type Entries<K, V> = Vec<(K, V)>;

/// The place of the first key that is not before `key`, or, with `after`, of the first that is behind it.
#[inline(never)]
pub(crate) fn place<K: Copy, V>(
    entries: &[(K, V)],
    key: K,
    after: bool,
    order: &impl Comparator<K>,
) -> usize {
    let before = |(other, _): &(K, V)| match order.cmp(*other, key) {
        Ordering::Less => true,
        Ordering::Equal => after,
        Ordering::Greater => false,
    };
    entries.iter().take_while(|entry| before(entry)).count()
}

/// The place of `key`, if it is there.
pub(crate) fn find<K: Copy, V>(
    entries: &[(K, V)],
    key: K,
    order: &impl Comparator<K>,
) -> Option<usize> {
    let place = place(entries, key, false, order);
    entries
        .get(place)
        .is_some_and(|(other, _)| order.cmp(*other, key).is_eq())
        .then_some(place)
}

/// Puts an entry at its place. Raises [`OutOfMemory`] and changes nothing when there is no memory for it.
#[inline(never)]
pub(crate) fn insert<K: Copy, V: Copy>(
    entries: &mut Entries<K, V>,
    place: usize,
    entry: (K, V),
) -> Result<(), OutOfMemory> {
    entries
        .try_reserve_exact(1)
        .map_err(|_| OutOfMemory::new(size_of::<(K, V)>()))?;
    entries.insert(place, entry);
    Ok(())
}
