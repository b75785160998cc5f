//! `wasi:keyvalue/atomics`: counters that outlive the component.
//!
//! Numbers are kept as decimal text. The guest is granted the bucket `default`.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::atomics::increment;
use petiole_guest::key_value as store;
use petiole_guest::key_value::{Bucket, Error};

/// Opens the bucket and acts on it.
fn bucket(action: impl FnOnce(&Bucket) -> Result<bool, Error>) -> bool {
    store::open("default")
        .and_then(|bucket| action(&bucket))
        .unwrap_or(false)
}

checks! {
    /// A number that is not there counts from 0.
    fn a_missing_number_is_nothing() -> bool {
        bucket(|bucket| {
            bucket.delete("number")?;
            Ok(increment(bucket, "number", 5)? == 5)
        })
    }

    /// `increment` gives back the sum, also through another handle.
    fn numbers_are_added() -> bool {
        bucket(|bucket| {
            bucket.delete("sum")?;
            increment(bucket, "sum", 40).map(|sum| sum == 40)
        }) && bucket(|bucket| increment(bucket, "sum", 2).map(|sum| sum == 42))
    }

    /// 0 may be added.
    fn nothing_may_be_added() -> bool {
        bucket(|bucket| {
            bucket.set("same", b"7")?;
            Ok(increment(bucket, "same", 0)? == 7)
        })
    }

    /// The value is decimal text for `wasi:keyvalue/store`.
    fn numbers_are_decimal_text() -> bool {
        bucket(|bucket| {
            bucket.set("text", b"99")?;
            increment(bucket, "text", 1)?;
            Ok(bucket.get("text")?.as_deref() == Some(b"100"))
        })
    }

    /// A value that is no number is refused and stays.
    fn what_is_no_number_stays() -> bool {
        bucket(|bucket| {
            bucket.set("word", b"seven")?;
            Ok(increment(bucket, "word", 1).is_err() && bucket.get("word")?.as_deref() == Some(b"seven"))
        })
    }

    /// A sum beyond 64 bits is refused, the number stays.
    fn sums_do_not_overflow() -> bool {
        bucket(|bucket| {
            bucket.set("most", b"18446744073709551615")?;
            Ok(increment(bucket, "most", 1).is_err() && increment(bucket, "most", 0)? == u64::MAX)
        })
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
