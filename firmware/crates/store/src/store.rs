//! The store: logs of settings, journal and key-value data, and the slots beside them.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use petiole_cbor::{Full, Malformed, Reader, Writer};

use crate::flash::{MAX_WORD, MappedFlash};
use crate::log::Log;
use crate::record::{Accepted, read_accepted};
use crate::{Identity, Layout, Record, StoreError};

/// Settings: the identity.
const KEY_IDENTITY: u8 = 1;
/// Settings: the lowest level of log lines.
const KEY_LOG_LEVEL: u8 = 2;
/// Journal: workload records are at their index.
const KEY_BOOT: u8 = 0x80;
/// Journal: sequence numbers of removed workloads, and which of them is overwritten next.
const KEY_REMOVED: u8 = 0x90;
const KEY_NEXT_REMOVED: u8 = 0x8f;
/// That many removed workloads are remembered.
const REMOVED: u8 = 8;
/// Largest record, identity or number, bytes.
const MAX_ENTRY: usize = 640;

/// A start of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Number of this start; the first one is 1.
    pub number: u32,
    /// How many starts in a row, right before this one, ended before [`Store::forgive_boots`] was called.
    pub failures: u8,
}

/// Everything that survives a power cut.
pub struct Store<F> {
    flash: F,
    layout: Layout,
    settings: Log,
    pub(crate) journal: Log,
    pub(crate) values: Log,
}

impl<F: MappedFlash> Store<F> {
    /// Checks the layout against the flash and reads what is kept.
    ///
    /// # Errors
    /// [`StoreError::Layout`].
    pub fn new(flash: F, layout: Layout) -> Result<Self, StoreError> {
        const {
            assert!(
                MAX_WORD.is_multiple_of(F::WRITE_SIZE),
                "a flash word has up to 256 bytes"
            );
        }
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
        let ranges = [
            &layout.settings,
            &layout.journal,
            &layout.key_value,
            &workloads,
        ];
        if layout.count >= KEY_BOOT
            || !layout.slot.is_multiple_of(block)
            || !ranges.into_iter().all(fits)
        {
            return Err(StoreError::Layout);
        }
        Ok(Self {
            settings: Log::open(&flash, layout.settings.clone())?,
            journal: Log::open(&flash, layout.journal.clone())?,
            values: Log::open(&flash, layout.key_value.clone())?,
            flash,
            layout,
        })
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

    pub(crate) const fn journal_and_flash(&mut self) -> (&mut Log, &mut F) {
        (&mut self.journal, &mut self.flash)
    }

    pub(crate) const fn values_and_flash(&mut self) -> (&mut Log, &mut F) {
        (&mut self.values, &mut self.flash)
    }

    /// The identity, when the device is enrolled.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`].
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        decode(
            self.settings.get(&self.flash, &[KEY_IDENTITY]),
            Identity::decode,
        )
    }

    /// Enrolls the device, or gives it other anchors: all of the new identity is kept or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let (mut buffer, length) = encode(|writer| identity.encode(writer))?;
        let kept = self
            .settings
            .set(&mut self.flash, &[KEY_IDENTITY], &buffer[..length]);
        buffer.fill(0);
        kept
    }

    /// The lowest level of log lines that are wanted; 0 unless another was kept.
    #[must_use]
    pub fn log_level(&self) -> u8 {
        let kept = self.settings.get(&self.flash, &[KEY_LOG_LEVEL]);
        kept.and_then(|bytes| bytes.first())
            .copied()
            .unwrap_or_default()
    }

    /// Keeps the lowest level of log lines.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn set_log_level(&mut self, level: u8) -> Result<(), StoreError> {
        self.settings
            .set(&mut self.flash, &[KEY_LOG_LEVEL], &[level])
    }

    /// Counts this start, as a failed one until [`Store::forgive_boots`] says otherwise.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`], [`StoreError::Full`].
    pub fn count_boot(&mut self) -> Result<Boot, StoreError> {
        let last = self.boot()?;
        let boot = Boot {
            number: last.number.wrapping_add(1),
            failures: last.failures.saturating_add(1),
        };
        self.set_boot(boot)?;
        Ok(Boot {
            failures: last.failures,
            ..boot
        })
    }

    /// The board has run for long enough, or is to be reset because somebody asked: no start so far has failed.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`], [`StoreError::Full`].
    pub fn forgive_boots(&mut self) -> Result<(), StoreError> {
        let boot = self.boot()?;
        self.set_boot(Boot {
            failures: 0,
            ..boot
        })
    }

    fn boot(&self) -> Result<Boot, StoreError> {
        let found = decode(self.journal.get(&self.flash, &[KEY_BOOT]), |bytes| {
            let mut reader = Reader::new(bytes);
            reader.array_exactly(2)?;
            Ok(Boot {
                number: reader.unsigned32()?,
                failures: u8::try_from(reader.unsigned()?).map_err(|_| Malformed)?,
            })
        })?;
        Ok(found.unwrap_or(Boot {
            number: 0,
            failures: 0,
        }))
    }

    fn set_boot(&mut self, boot: Boot) -> Result<(), StoreError> {
        self.keep(KEY_BOOT, |writer| {
            writer
                .array(2)
                .unsigned(u64::from(boot.number))
                .unsigned(u64::from(boot.failures));
        })
    }

    /// The record of a workload; none where the place is free.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`].
    pub fn record(&self, index: u8) -> Result<Option<Record>, StoreError> {
        decode(self.journal.get(&self.flash, &[index]), Record::decode)
    }

    /// Keeps the record of a workload.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn set_record(&mut self, index: u8, record: &Record) -> Result<(), StoreError> {
        self.keep(index, |writer| record.encode(writer))
    }

    /// Frees the place of a workload; its sequence number stays known, so that removing it is no way back to an old release.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Corrupted`], [`StoreError::Full`].
    pub fn remove(&mut self, index: u8, record: &Record) -> Result<(), StoreError> {
        let place = match self.find_removed(&record.name)? {
            Some((place, _)) => place,
            None => {
                let next = self.journal.get(&self.flash, &[KEY_NEXT_REMOVED]);
                let place =
                    decode(next, |bytes| Reader::new(bytes).unsigned32())?.unwrap_or(0) as u8;
                let place = place % REMOVED;
                self.keep(KEY_NEXT_REMOVED, |writer| {
                    writer.unsigned(u64::from(place) + 1);
                })?;
                place
            }
        };
        self.keep(KEY_REMOVED + place, |writer| {
            writer.array(2).text(&record.name);
            writer
                .array(2)
                .unsigned(record.accepted.0)
                .bytes(&record.accepted.1);
        })?;
        self.journal.delete(&mut self.flash, &[index])
    }

    /// What was accepted last under the name of a removed workload.
    ///
    /// # Errors
    /// [`StoreError::Corrupted`].
    pub fn removed(&self, name: &str) -> Result<Option<Accepted>, StoreError> {
        Ok(self.find_removed(name)?.map(|(_, accepted)| accepted))
    }

    /// Erases the journal: every workload is forgotten, the identity stays. The way out of a journal that cannot be read.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn reset_journal(&mut self) -> Result<(), StoreError> {
        self.journal.erase(&mut self.flash)
    }

    fn find_removed(&self, name: &str) -> Result<Option<(u8, Accepted)>, StoreError> {
        for place in 0..REMOVED {
            let found = self.journal.get(&self.flash, &[KEY_REMOVED + place]);
            let found = decode(found, |bytes| {
                let mut reader = Reader::new(bytes);
                reader.array_exactly(2)?;
                Ok((String::from(reader.text()?), read_accepted(&mut reader)?))
            })?;
            match found {
                Some((found, accepted)) if found == name => return Ok(Some((place, accepted))),
                _ => {}
            }
        }
        Ok(None)
    }

    fn keep(&mut self, key: u8, fill: impl FnOnce(&mut Writer<'_>)) -> Result<(), StoreError> {
        let (buffer, length) = encode(fill)?;
        self.journal.set(&mut self.flash, &[key], &buffer[..length])
    }
}

fn decode<T>(
    bytes: Option<&[u8]>,
    decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    match decode(bytes) {
        Ok(found) => Ok(Some(found)),
        Err(Malformed) => Err(StoreError::Corrupted),
    }
}

fn encode(fill: impl FnOnce(&mut Writer<'_>)) -> Result<(Vec<u8>, usize), StoreError> {
    let mut buffer = alloc::vec![0; MAX_ENTRY];
    let mut writer = Writer::new(&mut buffer);
    fill(&mut writer);
    let length = writer.finish().map_err(|Full| StoreError::Full)?;
    Ok((buffer, length))
}
