//! The values behind `wasi:keyvalue`, kept for a workload over restarts and resets.

use alloc::string::String;
use alloc::vec::Vec;

/// The longest key, bytes.
pub const LONGEST_KEY: usize = 64;
/// The keys of one page.
pub const PAGE: u64 = 16;

/// Why a value was not read or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyValueError {
    /// The workload has no bucket of this name.
    NoSuchStore,
    /// The component may not use the bucket.
    AccessDenied,
    /// Anything else, in a word: `over-limit`, `flash`, `invalid-key`, `not-a-number`, `overflow`.
    Other(&'static str),
}

/// What keeps the values of one workload. Each change is whole: a reset leaves the old value or the new one.
pub trait KeyValue {
    /// The value under `key`, or None.
    fn get(&mut self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError>;

    /// Keeps `value` under `key`, in the place of what was there.
    fn set(&mut self, bucket: &str, key: &str, value: &[u8]) -> Result<(), KeyValueError>;

    /// Forgets `key`, if it is there.
    fn delete(&mut self, bucket: &str, key: &str) -> Result<(), KeyValueError>;

    /// Whether there is a value under `key`.
    fn exists(&mut self, bucket: &str, key: &str) -> Result<bool, KeyValueError> {
        Ok(self.get(bucket, key)?.is_some())
    }

    /// Up to `most` keys, after the first `skip` of them. Their order stays as long as nothing changes.
    fn keys(&mut self, bucket: &str, skip: u64, most: u64) -> Result<Vec<String>, KeyValueError>;
}

/// Fails for a key that is empty or too long.
pub fn check_key(key: &str) -> Result<(), KeyValueError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(KeyValueError::Other("invalid-key"));
    }
    Ok(())
}

/// A page of keys, and where the next one begins if there may be one.
pub fn page(
    store: &mut dyn KeyValue,
    bucket: &str,
    cursor: Option<u64>,
) -> Result<(Vec<String>, Option<u64>), KeyValueError> {
    let start = cursor.unwrap_or(0);
    let keys = store.keys(bucket, start, PAGE)?;
    let next = (keys.len() as u64 == PAGE).then(|| start.saturating_add(PAGE));
    Ok((keys, next))
}

/// Adds `delta` to the number under `key`, which is decimal text, 0 when nothing is there. Keeps and gives back the sum.
pub fn increment(
    store: &mut dyn KeyValue,
    bucket: &str,
    key: &str,
    delta: u64,
) -> Result<u64, KeyValueError> {
    let number = match store.get(bucket, key)? {
        Some(text) => decimal(&text).ok_or(KeyValueError::Other("not-a-number"))?,
        None => 0,
    };
    let sum = number
        .checked_add(delta)
        .ok_or(KeyValueError::Other("overflow"))?;
    let mut digits = [0; 20];
    store.set(bucket, key, write_decimal(sum, &mut digits))?;
    Ok(sum)
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

fn write_decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}

#[cfg(test)]
mod tests;
