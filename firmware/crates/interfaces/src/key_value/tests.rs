use alloc::format;
use alloc::string::ToString;

use super::{KeyValue, KeyValueError, LONGEST_KEY, PAGE, check_key, increment, page};
use crate::double::Values;

const OTHER: fn(&'static str) -> KeyValueError = KeyValueError::Other;

#[test]
fn a_number_that_is_not_there_counts_from_nothing() {
    let mut store = Values::default();
    assert_eq!(increment(&mut store, "b", "n", 5), Ok(5));
    assert_eq!(increment(&mut store, "b", "n", 0), Ok(5));
    assert_eq!(increment(&mut store, "b", "n", 37), Ok(42));
    assert_eq!(store.get("b", "n"), Ok(Some(b"42".to_vec())));
}

#[test]
fn numbers_are_decimal_text_up_to_64_bits() {
    let mut store = Values::default();
    store.set("b", "n", b"18446744073709551614").expect("kept");
    assert_eq!(increment(&mut store, "b", "n", 1), Ok(u64::MAX));
    assert_eq!(increment(&mut store, "b", "n", 1), Err(OTHER("overflow")));
    assert_eq!(
        store.get("b", "n"),
        Ok(Some(u64::MAX.to_string().into_bytes()))
    );
}

#[test]
fn what_is_no_number_stays_as_it_is() {
    for text in ["", "-1", "1 ", "0x1", "18446744073709551616"] {
        let mut store = Values::default();
        store.set("b", "n", text.as_bytes()).expect("kept");
        let answer = increment(&mut store, "b", "n", 1);
        assert_eq!(answer, Err(OTHER("not-a-number")), "{text}");
        assert_eq!(store.get("b", "n"), Ok(Some(text.as_bytes().to_vec())));
    }
}

#[test]
fn pages_have_every_key_once() {
    let mut store = Values::default();
    for number in 0..2 * PAGE {
        store.set("b", &format!("{number:02}"), b"").expect("kept");
    }
    store.set("other", "x", b"").expect("kept");
    let (mut cursor, mut seen) = (None, alloc::vec::Vec::new());
    loop {
        let (keys, next) = page(&mut store, "b", cursor).expect("a page");
        seen.extend(keys);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen.len() as u64, 2 * PAGE);
    seen.dedup();
    assert_eq!(seen.len() as u64, 2 * PAGE);
    assert_eq!(
        page(&mut store, "b", Some(u64::MAX)),
        Ok((alloc::vec![], None))
    );
}

#[test]
fn keys_have_a_length() {
    assert_eq!(check_key("k"), Ok(()));
    assert_eq!(check_key(&"k".repeat(LONGEST_KEY)), Ok(()));
    assert_eq!(check_key(""), Err(OTHER("invalid-key")));
    assert_eq!(
        check_key(&"k".repeat(LONGEST_KEY + 1)),
        Err(OTHER("invalid-key"))
    );
}
