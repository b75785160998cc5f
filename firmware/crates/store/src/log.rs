//! A log of keys and values in a ring of erase blocks that survives a power cut at any instant.
//!
//! ```text
//! block   = header, items, blank rest          every part is padded with ones to whole flash words
//! header  = magic, number, oldest number that counts (u32 each), CRC-32
//! item    = CRC-32, key length (u8), kind (u8), value length (u16), key, value
//! ```
//! Blocks are numbered in the order in which they were begun; the newest value of a key counts. No word is ever written twice
//! without an erase between: what is not blank behind the last item after a start was torn, and the block is full then.
//! A block is erased right before it is begun, when nothing in it counts any more, so an erase that was cut short may leave any
//! bits whatsoever. When the ring is full the live items of the oldest block move into the one just begun, and an item of kind
//! `MOVED` says that they have; before it is there the new block does not count.

use alloc::vec::Vec;
use core::ops::Range;

use crate::StoreError;
use crate::crc::crc32;
use crate::flash::{MappedFlash, program};
use crate::item::{DELETED, Item, MOVED, VALUE, item_size};

const MAGIC: u32 = u32::from_le_bytes(*b"PLG2");
const BLOCK_HEADER: u32 = 16;

/// Longest key, bytes.
const MAX_KEY: usize = 160;
/// Most keys in a log: what is known of them lies in memory.
const MAX_KEYS: usize = 256;

/// A log and what of it is known in memory: eight bytes a key.
pub struct Log {
    range: Range<u32>,
    /// Hash of each live key, and the address of its newest item.
    index: Vec<(u32, u32)>,
    /// The newest block's place in the ring and its number; 0 before the first.
    head: (u32, u32),
    /// Number of the oldest block that counts.
    tail: u32,
    /// Where the next item goes; the end of the block when it is full.
    free: u32,
}

impl Log {
    /// Reads the log in `range`, whole erase blocks of the flash.
    ///
    /// # Errors
    /// [`StoreError::Layout`] for fewer than two blocks.
    pub fn open<F: MappedFlash>(flash: &F, range: Range<u32>) -> Result<Self, StoreError> {
        let mut log = Self {
            free: range.start,
            range,
            index: Vec::new(),
            head: (0, 0),
            tail: 1,
        };
        let blocks = log.blocks::<F>();
        if blocks < 2 {
            return Err(StoreError::Layout);
        }
        let newest = (0..blocks)
            .filter_map(|place| Some((place, log.header(flash, place)?)))
            .max_by_key(|(_, (number, _))| *number);
        if let Some((place, (number, tail))) = newest {
            log.head = (place, number);
            let moved = log.moved(flash, place);
            log.tail = moved
                .filter(|moved| (tail..=number).contains(moved))
                .unwrap_or(tail);
            if log.is_moving::<F>() {
                // Cut while items moved in: it holds nothing but copies.
                log.head = ((place + blocks - 1) % blocks, number - 1);
            }
            log.read_index(flash);
        }
        Ok(log)
    }

    /// The value under `key`; none also when it was damaged since.
    pub fn get<'f, F: MappedFlash>(&self, flash: &'f F, key: &[u8]) -> Option<&'f [u8]> {
        let at = self.find(flash, key)?;
        self.item(flash, self.index[at].1)
            .filter(Item::is_good)
            .map(|item| item.value)
    }

    /// Every key and its value, in no order.
    pub fn items<'f, F: MappedFlash>(
        &self,
        flash: &'f F,
    ) -> impl Iterator<Item = (&'f [u8], &'f [u8])> {
        self.index.iter().filter_map(move |(_, address)| {
            let item = self.item(flash, *address).filter(Item::is_good)?;
            Some((item.key, item.value))
        })
    }

    /// Keeps `value` under `key`: after a cut there is the old value or the new one.
    ///
    /// # Errors
    /// [`StoreError::Full`], also for one key more than [`MAX_KEYS`]; [`StoreError::Flash`].
    pub fn set<F: MappedFlash>(
        &mut self,
        flash: &mut F,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        if self.get(flash, key) == Some(value) {
            return Ok(());
        }
        if self.index.len() >= MAX_KEYS && self.find(flash, key).is_none() {
            return Err(StoreError::Full);
        }
        // A block's worth stays free for what is outdated, and room for an item that deletes.
        let live: u32 = self
            .index
            .iter()
            .filter_map(|(_, address)| Some(self.item(flash, *address)?.end - address))
            .sum();
        let size = item_size::<F>(key.len(), value.len());
        let room = (self.blocks::<F>() - 2).max(1) * capacity::<F>();
        if key.len() > MAX_KEY
            || value.len() > usize::from(u16::MAX)
            || live + size + item_size::<F>(MAX_KEY, 0) > room
        {
            return Err(StoreError::Full);
        }
        let address = self.append(flash, VALUE, key, value)?;
        self.note(flash, key, Some(address));
        Ok(())
    }

    /// Forgets `key`.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Flash`].
    pub fn delete<F: MappedFlash>(&mut self, flash: &mut F, key: &[u8]) -> Result<(), StoreError> {
        if self.find(flash, key).is_some() {
            self.append(flash, DELETED, key, &[])?;
            self.note(flash, key, None);
        }
        Ok(())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn erase<F: MappedFlash>(&mut self, flash: &mut F) -> Result<(), StoreError> {
        let Range { start, end } = self.range;
        flash.erase(start, end).map_err(|_| StoreError::Flash)?;
        *self = Self::open(flash, start..end)?;
        Ok(())
    }

    const fn blocks<F: MappedFlash>(&self) -> u32 {
        (self.range.end - self.range.start) / F::ERASE_SIZE as u32
    }

    const fn start<F: MappedFlash>(&self, place: u32) -> u32 {
        self.range.start + place * F::ERASE_SIZE as u32
    }

    /// The end of the block in which `address` lies.
    const fn end<F: MappedFlash>(&self, address: u32) -> u32 {
        let place = (address - self.range.start) / F::ERASE_SIZE as u32;
        self.start::<F>(place + 1)
    }

    /// The place of the block with this number, if it is one that counts.
    const fn place<F: MappedFlash>(&self, number: u32) -> u32 {
        let blocks = self.blocks::<F>();
        (self.head.0 + blocks - (self.head.1 - number) % blocks) % blocks
    }

    /// Whether every block counts, which none may while items are written.
    const fn is_moving<F: MappedFlash>(&self) -> bool {
        self.head.1.saturating_sub(self.tail) + 1 >= self.blocks::<F>()
    }

    /// Number of the block at `place`, and the oldest that counted when it was begun.
    fn header<F: MappedFlash>(&self, flash: &F, place: u32) -> Option<(u32, u32)> {
        let bytes = flash.mapped(self.start::<F>(place), BLOCK_HEADER);
        let (words, _) = bytes.as_chunks();
        let [magic, number, tail, sum] = [0, 1, 2, 3].map(|at| u32::from_le_bytes(words[at]));
        let good = magic == MAGIC && crc32(&[&bytes[..12]]) == sum;
        (good && (1..=number).contains(&tail) && number < u32::MAX / 2).then_some((number, tail))
    }

    /// The item at `address`; none where the block ends or nothing was written.
    fn item<F: MappedFlash>(&self, flash: &F, address: u32) -> Option<Item> {
        Item::read(flash, address..self.end::<F>(address))
    }

    /// The items of a block with their addresses. A damaged one is passed over.
    fn walk<F: MappedFlash>(&self, flash: &F, place: u32) -> impl Iterator<Item = (u32, Item)> {
        let mut address = first_item::<F>(self.start::<F>(place));
        let end = self.start::<F>(place + 1);
        core::iter::from_fn(move || {
            let item = (address < end).then(|| self.item(flash, address))??;
            let at = core::mem::replace(&mut address, item.end);
            Some((at, item))
        })
    }

    /// What the block at `place` says of the oldest that counts.
    fn moved<F: MappedFlash>(&self, flash: &F, place: u32) -> Option<u32> {
        let of_kind = |(_, item): &(_, Item)| item.kind == MOVED && item.is_good();
        let (_, item) = self.walk(flash, place).filter(of_kind).last()?;
        Some(u32::from_le_bytes(item.value.try_into().ok()?))
    }

    /// Reads all blocks that count, oldest first.
    fn read_index<F: MappedFlash>(&mut self, flash: &F) {
        let newest = self.head.1;
        let oldest = newest.saturating_sub(self.blocks::<F>() - 1).max(self.tail);
        for number in oldest..=newest {
            let place = self.place::<F>(number);
            let known = self
                .header(flash, place)
                .is_some_and(|(found, _)| found == number);
            let mut address = first_item::<F>(self.start::<F>(place));
            let block_end = self.end::<F>(address);
            while known
                && address < block_end
                && let Some(item) = self.item(flash, address)
            {
                if item.kind != MOVED && item.is_good() {
                    let found = (item.kind == VALUE).then_some(address);
                    self.note(flash, item.key, found);
                }
                address = item.end;
            }
            let rest = flash.mapped(address.min(block_end), block_end.saturating_sub(address));
            let blank = rest.iter().all(|byte| *byte == 0xff);
            self.free = if known && blank { address } else { block_end };
        }
    }

    fn find<F: MappedFlash>(&self, flash: &F, key: &[u8]) -> Option<usize> {
        let hash = crc32(&[key]);
        self.index.iter().position(|(found, address)| {
            *found == hash
                && self
                    .item(flash, *address)
                    .is_some_and(|item| item.key == key)
        })
    }

    /// Notes where the newest item of a key lies, or that it is deleted.
    fn note<F: MappedFlash>(&mut self, flash: &F, key: &[u8], address: Option<u32>) {
        match (self.find(flash, key), address) {
            (Some(at), Some(address)) => self.index[at].1 = address,
            (Some(at), None) => drop(self.index.swap_remove(at)),
            (None, Some(address)) => self.index.push((crc32(&[key]), address)),
            (None, None) => {}
        }
    }

    /// Writes an item behind the last one, in a new block where the newest is full. Returns its address.
    fn append<F: MappedFlash>(
        &mut self,
        flash: &mut F,
        kind: u8,
        key: &[u8],
        value: &[u8],
    ) -> Result<u32, StoreError> {
        let size = item_size::<F>(key.len(), value.len());
        for _ in 0..=self.blocks::<F>() {
            let end = self.start::<F>(self.head.0 + 1) - item_size::<F>(0, 4);
            if self.head.1 > 0 && !self.is_moving::<F>() && self.free + size <= end {
                return self.write(flash, kind, key, value);
            }
            self.turn(flash)?;
        }
        Err(StoreError::Full)
    }

    fn write<F: MappedFlash>(
        &mut self,
        flash: &mut F,
        kind: u8,
        key: &[u8],
        value: &[u8],
    ) -> Result<u32, StoreError> {
        let [low, high] = (value.len() as u16).to_le_bytes();
        let header = [key.len() as u8, kind, low, high];
        let sum = crc32(&[&header, key, value]).to_le_bytes();
        let address = self.free;
        let size = item_size::<F>(key.len(), value.len());
        if address + size > self.start::<F>(self.head.0 + 1) {
            return Err(StoreError::Full);
        }
        // Should the flash fail half way, nothing is written over what it left.
        self.free = self.end::<F>(address);
        program(flash, address, &[&sum, &header, key, value])?;
        self.free = address + size;
        Ok(address)
    }

    /// Begins the next block; the oldest one's live items move into it when no other is left.
    fn turn<F: MappedFlash>(&mut self, flash: &mut F) -> Result<(), StoreError> {
        if self.is_moving::<F>() {
            *self = Self::open(flash, self.range.clone())?;
        }
        let (place, number) = self.head;
        let next = match number {
            0 => 0,
            _ => (place + 1) % self.blocks::<F>(),
        };
        let start = self.start::<F>(next);
        let end = start + F::ERASE_SIZE as u32;
        flash.erase(start, end).map_err(|_| StoreError::Flash)?;
        let mut header = [0; 12];
        for (place, word) in header
            .chunks_exact_mut(4)
            .zip([MAGIC, number + 1, self.tail])
        {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let sum = crc32(&[&header]).to_le_bytes();
        program(flash, start, &[&header, &sum])?;
        self.head = (next, number + 1);
        self.free = first_item::<F>(start);
        if self.is_moving::<F>() {
            self.move_oldest(flash)?;
        }
        Ok(())
    }

    fn move_oldest<F: MappedFlash>(&mut self, flash: &mut F) -> Result<(), StoreError> {
        let oldest = self.start::<F>(self.place::<F>(self.tail));
        let block = oldest..oldest + F::ERASE_SIZE as u32;
        let mut at = 0;
        while let Some(&(_, address)) = self.index.get(at) {
            let item = self.item(flash, address).filter(Item::is_good);
            match item {
                _ if !block.contains(&address) => at += 1,
                Some(item) => {
                    self.index[at].1 = self.write(flash, VALUE, item.key, item.value)?;
                    at += 1;
                }
                // Damaged since it was read: it is not given a new sum.
                None => drop(self.index.swap_remove(at)),
            }
        }
        let tail = self.tail + 1;
        self.write(flash, MOVED, &[], &tail.to_le_bytes())?;
        self.tail = tail;
        Ok(())
    }
}

/// Where the first item of the block at `start` lies.
const fn first_item<F: MappedFlash>(start: u32) -> u32 {
    start + BLOCK_HEADER.next_multiple_of(F::WRITE_SIZE as u32)
}

/// Bytes of items that fit a block.
const fn capacity<F: MappedFlash>() -> u32 {
    F::ERASE_SIZE as u32 - first_item::<F>(0) - item_size::<F>(0, 4)
}
