//! [hashbrown](https://docs.rs/hashbrown) with a smaller [`HashTable`]; all else is the published crate, one version back.
//!
//! Boards take this crate in the place of the one of the same name. `indexmap` finds the places of its entries with such a
//! table, and boards have a dozen types of maps with a few entries each: names of imports and exports, of fields and
//! types. For each type the published table has code of its own to grow, and it takes at least four places.

#![no_std]
#![forbid(unsafe_code)]

pub mod hash_table;

pub use hash_table::HashTable;
pub use published::*;
