//! Crash records: the last eight stops of guests, kept until somebody has heard of them.

use alloc::vec::Vec;

use crate::StoreError;
use crate::flash::MappedFlash;
use crate::store::Store;

/// Journal: crash record n is under this key plus n modulo [`CRASHES`].
const KEY_CRASH: u8 = 0xa0;
/// That many are kept; a newer one takes the place of the oldest.
const CRASHES: u32 = 8;

impl<F: MappedFlash> Store<F> {
    /// Keeps a crash record, bytes in whatever form. Returns its number.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn add_crash(&mut self, record: &[u8]) -> Result<u32, StoreError> {
        let crashes = self.crashes();
        let newest = crashes.last().map(|(number, _)| *number);
        let number = newest.map_or(0, |number| number.wrapping_add(1));
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.extend_from_slice(record);
        let (journal, flash) = self.journal_and_flash();
        journal.set(flash, &[key(number)], &bytes)?;
        Ok(number)
    }

    /// The crash records that are kept with their numbers, oldest first.
    #[must_use]
    pub fn crashes(&self) -> Vec<(u32, &[u8])> {
        let mut found: Vec<(u32, &[u8])> = Vec::new();
        for place in 0..CRASHES {
            let bytes = self.journal.get(self.flash(), &[key(place)]);
            if let Some((number, record)) = bytes.and_then(<[u8]>::split_first_chunk) {
                let number = u32::from_le_bytes(*number);
                let before = found.iter().take_while(|(known, _)| *known < number);
                found.insert(before.count(), (number, record));
            }
        }
        found
    }

    /// Forgets the crash record with this number.
    ///
    /// # Errors
    /// [`StoreError::Flash`], [`StoreError::Full`].
    pub fn forget_crash(&mut self, number: u32) -> Result<(), StoreError> {
        let known = self.crashes().iter().any(|(found, _)| *found == number);
        let (journal, flash) = self.journal_and_flash();
        if known {
            journal.delete(flash, &[key(number)])?;
        }
        Ok(())
    }
}

const fn key(number: u32) -> u8 {
    KEY_CRASH + (number % CRASHES) as u8
}
