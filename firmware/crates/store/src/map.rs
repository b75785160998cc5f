//! `sequential-storage` maps over blocking flash.

use core::future::Future;
use core::ops::Range;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynchronous;
use sequential_storage::cache::Cache;
use sequential_storage::map::{MapConfig, MapStorage};

use crate::StoreError;

/// Largest key and value together, bytes.
pub const MAX_ITEM: usize = 640;

/// A buffer that suits flash which wants aligned memory.
#[repr(align(4))]
pub struct ItemBuffer(pub [u8; MAX_ITEM]);

impl ItemBuffer {
    pub const fn new() -> Self {
        Self([0; MAX_ITEM])
    }
}

/// Reads the value under `key` into `buffer`.
pub fn fetch<'b, F: NorFlash>(
    flash: &mut F,
    range: Range<u32>,
    buffer: &'b mut ItemBuffer,
    key: u8,
) -> Result<Option<&'b [u8]>, StoreError> {
    let mut map = open(flash, range)?;
    ready(map.fetch_item::<&[u8]>(&mut buffer.0, &key)).map_err(|error| convert(&error))
}

/// Stores `value` under `key`: after a cut there is the old value or the new one.
pub fn store<F: NorFlash>(
    flash: &mut F,
    range: Range<u32>,
    key: u8,
    value: &[u8],
) -> Result<(), StoreError> {
    let mut buffer = ItemBuffer::new();
    let mut map = open(flash, range)?;
    ready(map.store_item(&mut buffer.0, &key, &value)).map_err(|error| convert(&error))
}

type Map<'f, F> = MapStorage<
    u8,
    Blocking<'f, F>,
    Cache<
        sequential_storage::cache::Uncached,
        sequential_storage::cache::Uncached,
        sequential_storage::cache::Uncached,
        u8,
    >,
>;

fn open<F: NorFlash>(flash: &mut F, range: Range<u32>) -> Result<Map<'_, F>, StoreError> {
    let config = MapConfig::try_new(range).map_err(|_| StoreError::Layout)?;
    Ok(MapStorage::new(
        Blocking(flash),
        config,
        Cache::new_uncached(),
    ))
}

fn convert<E>(error: &sequential_storage::Error<E>) -> StoreError {
    use sequential_storage::Error;
    match error {
        Error::Storage { .. } => StoreError::Flash,
        Error::FullStorage | Error::ItemTooBig | Error::BufferTooBig => StoreError::Full,
        _ => StoreError::Corrupted,
    }
}

/// Runs a future that never waits.
fn ready<T, E>(
    future: impl Future<Output = Result<T, sequential_storage::Error<E>>>,
) -> Result<T, sequential_storage::Error<E>> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("blocking flash has no reason to wait"),
    }
}

/// Blocking flash in the shape of asynchronous flash.
struct Blocking<'f, F>(&'f mut F);

impl<F: NorFlash> ErrorType for Blocking<'_, F> {
    type Error = F::Error;
}

impl<F: NorFlash> asynchronous::ReadNorFlash for Blocking<'_, F> {
    const READ_SIZE: usize = <F as ReadNorFlash>::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash> asynchronous::NorFlash for Blocking<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.0.write(offset, bytes)
    }
}
