//! `wasi:keyvalue/batch`: several keys at once, on edge hosts only.
//!
//! The guest is granted the bucket `default` and 4,096 bytes.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::edge::wasi::keyvalue::{batch, store};

fn bucket(action: impl FnOnce(&store::Bucket) -> Result<bool, store::Error>) -> bool {
    store::open("default")
        .and_then(|bucket| action(&bucket))
        .unwrap_or(false)
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

checks! {
    /// What `set-many` kept, `get-many` gives in the order that is asked for, none for a key that is not there.
    fn many_are_kept_and_read() -> bool {
        bucket(|bucket| {
            batch::set_many(bucket, &[("a".into(), b"1".to_vec()), ("b".into(), Vec::new())])?;
            let found = batch::get_many(bucket, &keys(&["b", "missing", "a"]))?;
            Ok(found == [Some(("b".into(), Vec::new())), None, Some(("a".into(), b"1".to_vec()))])
        })
    }

    /// `delete-many` forgets keys; those that are not there do not matter.
    fn many_are_deleted() -> bool {
        bucket(|bucket| {
            batch::set_many(bucket, &[("c".into(), b"1".to_vec()), ("d".into(), b"2".to_vec())])?;
            batch::delete_many(bucket, &keys(&["c", "missing"]))?;
            Ok(!bucket.exists("c")? && bucket.exists("d")?)
        })
    }

    /// When one of the values has no room, none is kept.
    fn all_or_none() -> bool {
        bucket(|bucket| {
            bucket.set("old", b"stays")?;
            let refused = batch::set_many(bucket, &[("old".into(), b"new".to_vec()), ("large".into(), [0; 5000].to_vec())]);
            Ok(refused.is_err() && bucket.get("old")?.as_deref() == Some(b"stays") && !bucket.exists("large")?)
        })
    }

    /// Nothing is nothing: empty lists are taken.
    fn empty_lists_are_taken() -> bool {
        bucket(|bucket| {
            batch::set_many(bucket, &[])?;
            batch::delete_many(bucket, &[])?;
            Ok(batch::get_many(bucket, &[])?.is_empty())
        })
    }

    /// A key that `store` refuses is refused here too.
    fn wrong_keys_are_refused() -> bool {
        bucket(|bucket| Ok(batch::get_many(bucket, &keys(&["a", ""])).is_err()))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 32768);
