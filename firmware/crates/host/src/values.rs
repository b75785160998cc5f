//! The values that a component keeps: those of its workload, in the buckets of its grant, held to its limit.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use petiole_interfaces::{KeyValue, KeyValueError, Limits};
use petiole_store::{MAX_VALUE, MappedFlash, Store, StoreError};
use petiole_trust::Component;

use crate::breaches::Breaches;
use crate::member::Origin;
use crate::shared::Shared;

const INTERFACE: &str = "wasi:keyvalue/store@";
const LIMIT: &str = "key-value-bytes";

/// The values of one component.
pub struct Values<F> {
    store: Rc<RefCell<Store<F>>>,
    shared: Rc<Shared>,
    origin: Rc<Origin>,
    buckets: Vec<String>,
    most: u32,
    breaches: Breaches,
}

impl<F> Values<F> {
    /// The values of a component in the store.
    pub fn new(
        store: Rc<RefCell<Store<F>>>,
        shared: Rc<Shared>,
        origin: Rc<Origin>,
        component: &Component<'_>,
        limits: &Limits,
    ) -> Self {
        let mut buckets = Vec::new();
        for grant in component.grants() {
            if grant.import().starts_with(INTERFACE) {
                for label in grant.labels() {
                    buckets.push(String::from(label));
                }
            }
        }
        Self {
            store,
            shared,
            origin,
            buckets,
            most: limits.key_value,
            breaches: Breaches::default(),
        }
    }
}

impl<F: MappedFlash> KeyValue for Values<F> {
    fn get(&mut self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        let store = self.store.borrow();
        let value = store.value(&self.origin.workload, bucket, key);
        Ok(value.map(<[u8]>::to_vec))
    }

    fn set(&mut self, bucket: &str, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        if value.len() > MAX_VALUE {
            return Err(KeyValueError::Other("too-long"));
        }
        let mut store = self.store.borrow_mut();
        let workload = &self.origin.workload;
        let kept = self.buckets.iter();
        let kept: usize = kept
            .map(|bucket| store.value_bytes(workload, bucket) as usize)
            .sum();
        let old = store.value(workload, bucket, key);
        let freed = old.map_or(0, |old| key.len() + old.len());
        if (kept + key.len() + value.len()).saturating_sub(freed) > self.most as usize {
            if self.breaches.tell(LIMIT, self.shared.now_ms()) {
                self.shared
                    .emit_limit(&self.origin, LIMIT, u64::from(self.most));
            }
            return Err(KeyValueError::Other("over-limit"));
        }
        store
            .set_value(workload, bucket, key, value)
            .map_err(explain)
    }

    fn delete(&mut self, bucket: &str, key: &str) -> Result<(), KeyValueError> {
        let mut store = self.store.borrow_mut();
        store
            .delete_value(&self.origin.workload, bucket, key)
            .map_err(explain)
    }

    fn keys(&mut self, bucket: &str, skip: u64, most: u64) -> Result<Vec<String>, KeyValueError> {
        let store = self.store.borrow();
        let mut page = Vec::new();
        let keys = store.value_keys(&self.origin.workload, bucket);
        for (number, key) in keys.enumerate() {
            let number = number as u64;
            if number >= skip && number - skip < most {
                page.push(String::from(key));
            }
        }
        Ok(page)
    }
}

fn explain(error: StoreError) -> KeyValueError {
    KeyValueError::Other(match error {
        StoreError::Full => "full",
        _ => "flash",
    })
}
