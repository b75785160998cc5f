//! The store: maps of settings and journal, and the slots beside them.

use core::ops::Range;

use alloc::string::String;

use petiole_cbor::{Full, Malformed, Reader, Writer};

use crate::flash::MappedFlash;
use crate::map::{self, ItemBuffer};
use crate::record::{Accepted, read_accepted};
use crate::{Identity, Layout, Record, StoreError};

/// Settings: the identity.
const KEY_IDENTITY: u8 = 1;
/// Journal: workload records are at their index.
const KEY_BOOT: u8 = 0x80;
/// Journal: sequence numbers of removed workloads, and which of them is overwritten next.
const KEY_REMOVED: u8 = 0x90;
const KEY_NEXT_REMOVED: u8 = 0x8f;
/// That many removed workloads are remembered.
const REMOVED: u8 = 8;

/// Everything that survives a power cut.
pub struct Store<F> {
    flash: F,
    layout: Layout,
}

impl<F: MappedFlash> Store<F> {
    /// Checks the layout against the flash.
    ///
    /// # Errors
    /// [`StoreError::Layout`].
    pub fn new(flash: F, layout: Layout) -> Result<Self, StoreError> {
        let block = F::ERASE_SIZE as u32;
        let slots = u32::from(layout.count)
            .checked_mul(2)
            .and_then(|count| count.checked_mul(layout.slot));
        let end = slots
            .and_then(|size| size.checked_add(layout.workloads))
            .ok_or(StoreError::Layout)?;
        let capacity = flash.capacity() as u32;
        let fits = |range: &Range<u32>| {
            range.start.is_multiple_of(block)
                && range.end.is_multiple_of(block)
                && range.end <= capacity
        };
        let workloads = layout.workloads..end;
        if layout.count >= KEY_BOOT
            || !layout.slot.is_multiple_of(block)
            || ![&layout.settings, &layout.journal, &workloads]
                .into_iter()
                .all(fits)
        {
            return Err(StoreError::Layout);
        }
        Ok(Self { flash, layout })
    }

    /// Where everything lies.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) const fn flash(&self) -> &F {
        &self.flash
    }

    pub(crate) const fn flash_mut(&mut self) -> &mut F {
        &mut self.flash
    }

    /// The identity, when the device is enrolled.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`].
    pub fn identity(&mut self) -> Result<Option<Identity>, StoreError> {
        let range = self.layout.settings.clone();
        self.fetch(range, KEY_IDENTITY, Identity::decode)
    }

    /// Enrolls the device: all of the identity or nothing of it is kept.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let range = self.layout.settings.clone();
        self.keep(range, KEY_IDENTITY, |writer| identity.encode(writer))
    }

    /// Counts this boot; the first one is 1.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`], [`StoreError::Full`].
    pub fn count_boot(&mut self) -> Result<u32, StoreError> {
        let boot = self.number(KEY_BOOT)?.wrapping_add(1);
        self.set_number(KEY_BOOT, boot)?;
        Ok(boot)
    }

    /// The record of a workload; none where the place is free.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`].
    pub fn record(&mut self, index: u8) -> Result<Option<Record>, StoreError> {
        let journal = self.layout.journal.clone();
        let record = self.fetch(journal, index, |bytes| match bytes {
            [] => Ok(None),
            _ => Record::decode(bytes).map(Some),
        })?;
        Ok(record.flatten())
    }

    /// Keeps the record of a workload.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn set_record(&mut self, index: u8, record: &Record) -> Result<(), StoreError> {
        let journal = self.layout.journal.clone();
        self.keep(journal, index, |writer| record.encode(writer))
    }

    /// Frees the place of a workload; its sequence number stays known, so that removing it is no way back to an old release.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`], [`StoreError::Full`].
    pub fn remove(&mut self, index: u8, record: &Record) -> Result<(), StoreError> {
        let journal = self.layout.journal.clone();
        let place = match self.find_removed(&record.name)? {
            Some((place, _)) => place,
            None => {
                let place = self.number(KEY_NEXT_REMOVED)? as u8 % REMOVED;
                self.set_number(KEY_NEXT_REMOVED, u32::from(place) + 1)?;
                place
            }
        };
        self.keep(journal.clone(), KEY_REMOVED + place, |writer| {
            writer.array(2).text(&record.name);
            writer
                .array(2)
                .unsigned(record.accepted.0)
                .bytes(&record.accepted.1);
        })?;
        self.keep(journal, index, |_| ())
    }

    /// What was accepted last under the name of a removed workload.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`].
    pub fn removed(&mut self, name: &str) -> Result<Option<Accepted>, StoreError> {
        Ok(self.find_removed(name)?.map(|(_, accepted)| accepted))
    }

    /// Erases the journal: every workload is forgotten, the identity stays. The way out of a journal that cannot be read.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn reset_journal(&mut self) -> Result<(), StoreError> {
        let Range { start, end } = self.layout.journal;
        self.flash.erase(start, end).map_err(|_| StoreError::Flash)
    }

    fn find_removed(&mut self, name: &str) -> Result<Option<(u8, Accepted)>, StoreError> {
        for place in 0..REMOVED {
            let journal = self.layout.journal.clone();
            let found = self.fetch(journal, KEY_REMOVED + place, |bytes| {
                let mut reader = Reader::new(bytes);
                reader.array_exactly(2)?;
                Ok((String::from(reader.text()?), read_accepted(&mut reader)?))
            })?;
            match found {
                Some((found, accepted)) if found == name => return Ok(Some((place, accepted))),
                Some(_) => {}
                None => break,
            }
        }
        Ok(None)
    }

    fn number(&mut self, key: u8) -> Result<u32, StoreError> {
        let journal = self.layout.journal.clone();
        Ok(self
            .fetch(journal, key, |bytes| Reader::new(bytes).unsigned32())?
            .unwrap_or(0))
    }

    fn set_number(&mut self, key: u8, value: u32) -> Result<(), StoreError> {
        let journal = self.layout.journal.clone();
        self.keep(journal, key, |writer| {
            writer.unsigned(u64::from(value));
        })
    }

    fn fetch<T>(
        &mut self,
        range: Range<u32>,
        key: u8,
        decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<Option<T>, StoreError> {
        let mut buffer = ItemBuffer::new();
        match map::fetch(&mut self.flash, range, &mut buffer, key)? {
            Some(bytes) => decode(bytes)
                .map(Some)
                .map_err(|Malformed| StoreError::Corrupted),
            None => Ok(None),
        }
    }

    fn keep(
        &mut self,
        range: Range<u32>,
        key: u8,
        encode: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), StoreError> {
        let mut buffer = [0; map::MAX_ITEM];
        let mut writer = Writer::new(&mut buffer);
        encode(&mut writer);
        let length = writer.finish().map_err(|Full| StoreError::Full)?;
        map::store(&mut self.flash, range, key, &buffer[..length])
    }
}
