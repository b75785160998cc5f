//! `wasi:keyvalue/store`: values that outlive the component.
//!
//! The guest is granted the bucket `default`. Buckets belong to a workload; keys have 1 to 64 bytes.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::key_value as store;
use petiole_guest::key_value::{Bucket, Error};

/// Opens the bucket and acts on it.
fn bucket(action: impl FnOnce(&Bucket) -> Result<bool, Error>) -> bool {
    store::open("default")
        .and_then(|bucket| action(&bucket))
        .unwrap_or(false)
}

fn is_refused<T>(answer: Result<T, Error>) -> bool {
    matches!(answer, Err(Error::Other(_)))
}

checks! {
    /// A bucket that is not granted does not open: `access-denied` or `no-such-store`.
    fn another_bucket_does_not_open() -> bool {
        matches!(store::open("other"), Err(Error::AccessDenied | Error::NoSuchStore))
    }

    /// `get` of a key that is not there answers none.
    fn a_missing_key_is_none() -> bool {
        bucket(|bucket| {
            bucket.delete("missing")?;
            Ok(bucket.get("missing")?.is_none() && !bucket.exists("missing")?)
        })
    }

    /// `get` gives back what `set` kept, through another handle too.
    fn a_value_is_kept() -> bool {
        bucket(|bucket| bucket.set("kept", b"value").map(|()| true))
            && bucket(|bucket| Ok(bucket.get("kept")?.as_deref() == Some(b"value") && bucket.exists("kept")?))
    }

    /// `set` of a key that is there overwrites, with a shorter and a longer value.
    fn a_value_is_overwritten() -> bool {
        bucket(|bucket| {
            for value in [&b"first"[..], b"2", b"the third one"] {
                bucket.set("again", value)?;
                if bucket.get("again")?.as_deref() != Some(value) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Any bytes are a value.
    fn any_bytes_are_a_value() -> bool {
        bucket(|bucket| {
            let value: Vec<u8> = (0..=255).collect();
            bucket.set("bytes", &value)?;
            let same = bucket.get("bytes")? == Some(value);
            bucket.delete("bytes")?;
            Ok(same)
        })
    }

    /// No bytes are a value too.
    fn an_empty_value_is_a_value() -> bool {
        bucket(|bucket| {
            bucket.set("empty", b"")?;
            Ok(bucket.exists("empty")? && bucket.get("empty")?.as_deref() == Some(b""))
        })
    }

    /// `delete` forgets a key; once more it does nothing.
    fn a_deleted_key_is_gone() -> bool {
        bucket(|bucket| {
            bucket.set("gone", b"1")?;
            bucket.delete("gone")?;
            bucket.delete("gone")?;
            Ok(!bucket.exists("gone")?)
        })
    }

    /// `list-keys` has every key once, over all pages.
    fn keys_are_listed_once() -> bool {
        bucket(|bucket| {
            let names: Vec<String> = (b'a'..=b't').map(|letter| char::from(letter).to_string()).collect();
            for name in &names {
                bucket.set(name, b"")?;
            }
            let (mut seen, mut cursor) = (0, None);
            loop {
                let page = bucket.list_keys(cursor)?;
                seen += page.keys.iter().filter(|key| names.contains(key)).count();
                cursor = page.cursor;
                if cursor.is_none() {
                    break;
                }
            }
            for name in &names {
                bucket.delete(name)?;
            }
            Ok(seen == names.len())
        })
    }

    /// A key of 64 bytes is taken, a longer or an empty one is not.
    fn keys_have_a_length() -> bool {
        bucket(|bucket| {
            let long = "k".repeat(64);
            bucket.set(&long, b"1")?;
            let taken = bucket.exists(&long)?;
            bucket.delete(&long)?;
            Ok(taken && is_refused(bucket.set(&(long + "k"), b"1")) && is_refused(bucket.set("", b"1")))
        })
    }

    /// A value beyond the component's limit is refused, and what was there stays.
    fn the_limit_holds() -> bool {
        bucket(|bucket| {
            bucket.set("limit", b"small")?;
            let refused = is_refused(bucket.set("limit", &[7; 3_000]));
            let stayed = bucket.get("limit")?.as_deref() == Some(b"small");
            bucket.delete("limit")?;
            Ok(refused && stayed)
        })
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 8192);
