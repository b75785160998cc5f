//! `wasi:keyvalue` over [`petiole_interfaces::key_value`].

use alloc::string::String;
use alloc::vec::Vec;

use petiole_interfaces::key_value::{check_key, increment, page};
use petiole_interfaces::{KeyValue, KeyValueError};
use wasmtime::component::Resource;

use super::item::{Item, answer};
use crate::bindings::wasi::keyvalue::atomics;
use crate::bindings::wasi::keyvalue::store::{self, Error, KeyResponse};
use crate::state::{Handle, State};
use crate::value::Value;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

const INTERFACE: &str = "wasi:keyvalue/store";

impl State {
    /// Acts on the store and the name of a bucket: the handle's number is the label's place in the grant.
    fn with_bucket<T>(
        &mut self,
        bucket: &Resource<Handle>,
        action: impl FnOnce(&mut dyn KeyValue, &str) -> Result<T, KeyValueError>,
    ) -> Answer<T> {
        let name = self.grants.labels(INTERFACE).nth(bucket.rep() as usize);
        Ok(match name {
            Some(name) => action(self.port.key_value(), name).map_err(error),
            None => Err(Error::NoSuchStore),
        })
    }
}

fn error(error: KeyValueError) -> Error {
    match error {
        KeyValueError::NoSuchStore => Error::NoSuchStore,
        KeyValueError::AccessDenied => Error::AccessDenied,
        KeyValueError::Other(text) => Error::Other(text.into()),
    }
}

impl store::Host for State {
    fn open(&mut self, name: String) -> Answer<Resource<Handle>> {
        let place = self
            .grants
            .labels(INTERFACE)
            .position(|label| label == name);
        Ok(place
            .map(|place| Resource::new_own(place as u32))
            .ok_or(Error::AccessDenied))
    }
}

impl store::HostBucket for State {
    fn get(&mut self, bucket: Resource<Handle>, key: String) -> Answer<Option<Vec<u8>>> {
        self.with_bucket(&bucket, |store, name| {
            check_key(&key)?;
            store.get(name, &key)
        })
    }

    fn set(&mut self, bucket: Resource<Handle>, key: String, value: Vec<u8>) -> Answer<()> {
        self.with_bucket(&bucket, |store, name| {
            check_key(&key)?;
            store.set(name, &key, &value)
        })
    }

    fn delete(&mut self, bucket: Resource<Handle>, key: String) -> Answer<()> {
        self.with_bucket(&bucket, |store, name| {
            check_key(&key)?;
            store.delete(name, &key)
        })
    }

    fn exists(&mut self, bucket: Resource<Handle>, key: String) -> Answer<bool> {
        self.with_bucket(&bucket, |store, name| {
            check_key(&key)?;
            store.exists(name, &key)
        })
    }

    fn list_keys(&mut self, bucket: Resource<Handle>, cursor: Option<u64>) -> Answer<KeyResponse> {
        self.with_bucket(&bucket, |store, name| {
            let (keys, cursor) = page(store, name, cursor)?;
            Ok(KeyResponse { keys, cursor })
        })
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl atomics::Host for State {
    fn increment(&mut self, bucket: Resource<Handle>, key: String, delta: u64) -> Answer<u64> {
        self.with_bucket(&bucket, |store, name| {
            check_key(&key)?;
            increment(store, name, &key, delta)
        })
    }
}

impl From<Error> for Value {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchStore => Self::case(0, ()),
            Error::AccessDenied => Self::case(1, ()),
            Error::Other(text) => Self::case(2, text),
        }
    }
}

impl From<KeyResponse> for Value {
    fn from(response: KeyResponse) -> Self {
        let keys = response.keys.into_iter().map(Self::Text);
        Self::many([Self::many(keys), response.cursor.into()])
    }
}

pub const STORE: &[Item] = &[
    Item::Resource("bucket", store::HostBucket::drop),
    Item::Function("open", 2, |state, call| {
        answer(store::Host::open(state, call.text()?))
    }),
    Item::Function("[method]bucket.get", 3, |state, call| {
        answer(store::HostBucket::get(state, call.handle()?, call.text()?))
    }),
    Item::Function("[method]bucket.set", 5, |state, call| {
        let (bucket, key) = (call.handle()?, call.text()?);
        answer(store::HostBucket::set(state, bucket, key, call.bytes()?))
    }),
    Item::Function("[method]bucket.delete", 3, |state, call| {
        answer(store::HostBucket::delete(
            state,
            call.handle()?,
            call.text()?,
        ))
    }),
    Item::Function("[method]bucket.exists", 3, |state, call| {
        answer(store::HostBucket::exists(
            state,
            call.handle()?,
            call.text()?,
        ))
    }),
    Item::Function("[method]bucket.list-keys", 3, |state, call| {
        let bucket = call.handle()?;
        let cursor = match call.case()? {
            (0, _) => None,
            (_, mut cursor) => Some(cursor.number()?),
        };
        answer(store::HostBucket::list_keys(state, bucket, cursor))
    }),
];

pub const ATOMICS: &[Item] = &[Item::Function("increment", 4, |state, call| {
    let (bucket, key) = (call.handle()?, call.text()?);
    answer(atomics::Host::increment(state, bucket, key, call.number()?))
})];
