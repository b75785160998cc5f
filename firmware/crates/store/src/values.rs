//! What guests keep: values by workload, bucket and key.

use alloc::string::String;

use crate::StoreError;
use crate::flash::MappedFlash;
use crate::store::Store;

/// Longest key of a guest, bytes.
pub const MAX_VALUE_KEY: usize = 64;
/// Largest value of a guest, bytes.
pub const MAX_VALUE: usize = 1024;

impl<F: MappedFlash> Store<F> {
    /// The value under `key`.
    #[must_use]
    pub fn value(&self, workload: &str, bucket: &str, key: &str) -> Option<&[u8]> {
        let path = path(workload, bucket, key).ok()?;
        self.values.get(self.flash(), path.as_bytes())
    }

    /// Keeps a value: after a power cut there is the old one or the new one.
    ///
    /// # Errors
    /// [`StoreError::Full`], also for a key of more than [`MAX_VALUE_KEY`] or a value of more than [`MAX_VALUE`] bytes;
    /// [`StoreError::Flash`].
    pub fn set_value(
        &mut self,
        workload: &str,
        bucket: &str,
        key: &str,
        value: &[u8],
    ) -> Result<(), StoreError> {
        let path = path(workload, bucket, key)?;
        if value.len() > MAX_VALUE {
            return Err(StoreError::Full);
        }
        let (values, flash) = self.values_and_flash();
        values.set(flash, path.as_bytes(), value)
    }

    /// Forgets the value under `key`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Flash`].
    pub fn delete_value(
        &mut self,
        workload: &str,
        bucket: &str,
        key: &str,
    ) -> Result<(), StoreError> {
        let path = path(workload, bucket, key)?;
        let (values, flash) = self.values_and_flash();
        values.delete(flash, path.as_bytes())
    }

    /// The keys in a bucket, in no order.
    pub fn value_keys<'s>(
        &'s self,
        workload: &'s str,
        bucket: &'s str,
    ) -> impl Iterator<Item = &'s str> {
        self.bucket(workload, bucket).map(|(key, _)| key)
    }

    /// Bytes of keys and values in a bucket: what counts against a limit.
    #[must_use]
    pub fn value_bytes(&self, workload: &str, bucket: &str) -> u32 {
        self.bucket(workload, bucket)
            .map(|(key, value)| (key.len() + value.len()) as u32)
            .sum()
    }

    /// Forgets the values of every workload that is not to be kept. A cut leaves some; call it after each start.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Flash`].
    pub fn retain_values(&mut self, keep: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        loop {
            let stranger = self.values.items(self.flash()).find(|(path, _)| {
                let workload = path.split(|byte| *byte == b'/').next();
                let workload = workload.and_then(|name| core::str::from_utf8(name).ok());
                !workload.is_some_and(&keep)
            });
            let Some((path, _)) = stranger else {
                return Ok(());
            };
            let path = path.to_vec();
            let (values, flash) = self.values_and_flash();
            values.delete(flash, &path)?;
        }
    }

    fn bucket<'s>(
        &'s self,
        workload: &'s str,
        bucket: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s [u8])> {
        self.values
            .items(self.flash())
            .filter_map(move |(path, value)| {
                let rest = core::str::from_utf8(path).ok()?;
                let rest = rest.strip_prefix(workload)?.strip_prefix('/')?;
                let key = rest.strip_prefix(bucket)?.strip_prefix('/')?;
                Some((key, value))
            })
    }
}

fn path(workload: &str, bucket: &str, key: &str) -> Result<String, StoreError> {
    if key.len() > MAX_VALUE_KEY {
        return Err(StoreError::Full);
    }
    Ok([workload, "/", bucket, "/", key].concat())
}
