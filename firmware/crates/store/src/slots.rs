//! Workload slots: an envelope and the code behind it, written in resumable blocks.

use petiole_cbor::Reader;

use crate::flash::{MAX_WORD, MappedFlash, program};
use crate::store::Store;
use crate::{Release, Side, StoreError};

/// Most bytes that one flash write covers. After a cut that many bytes before the end of what was written are in doubt.
const LARGEST_WRITE: u32 = MAX_WORD as u32;

/// The code begins at a multiple of this, and of the flash's word.
const CODE_ALIGNMENT: usize = 32;
/// An envelope is at most this many bytes (formats reference, section 4).
const MAX_ENVELOPE: u32 = 4096;

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The bytes lie in flash.
    All,
    /// At this offset in the slot lies something else that only erasing removes: a cut left it.
    Conflict(u32),
}

impl<F: MappedFlash> Store<F> {
    /// Where the code begins in a slot whose envelope has this size.
    const fn code_start(envelope: u32) -> u32 {
        let unit = if F::WRITE_SIZE > CODE_ALIGNMENT {
            F::WRITE_SIZE
        } else {
            CODE_ALIGNMENT
        };
        envelope.next_multiple_of(unit as u32)
    }

    /// Whether a release of these sizes fits a slot.
    #[must_use]
    pub fn fits(&self, envelope: u32, code: u32) -> bool {
        Self::code_start(envelope)
            .checked_add(code)
            .and_then(|size| size.checked_next_multiple_of(F::WRITE_SIZE as u32))
            .is_some_and(|size| size <= self.layout().slot)
    }

    fn slot_start(&self, index: u8, side: Side) -> u32 {
        let layout = self.layout();
        layout.workloads + (u32::from(index) * 2 + side as u32) * layout.slot
    }

    /// The envelope of a release, in place.
    #[must_use]
    pub fn envelope(&self, index: u8, release: &Release) -> &'static [u8] {
        self.flash()
            .mapped(self.slot_start(index, release.side), release.envelope)
    }

    /// The envelope that lies in a slot, whatever the journal says of it: **unverified**. Its code may be useful still.
    #[must_use]
    pub fn found_envelope(&self, index: u8, side: Side) -> Option<&'static [u8]> {
        let size = self.layout().slot.min(MAX_ENVELOPE);
        let bytes = self.flash().mapped(self.slot_start(index, side), size);
        let mut reader = Reader::new(bytes);
        reader.skip().ok()?;
        Some(&bytes[..bytes.len() - reader.rest().len()])
    }

    /// The code of a release, in place.
    #[must_use]
    pub fn code(&self, index: u8, release: &Release) -> &'static [u8] {
        let start = self.slot_start(index, release.side) + Self::code_start(release.envelope);
        self.flash().mapped(start, release.code)
    }

    /// Erases as much of a slot as the release takes, from `from` (a multiple of the erase size) on. Nothing may run from it.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn erase(&mut self, index: u8, release: &Release, from: u32) -> Result<(), StoreError> {
        let start = self.slot_start(index, release.side);
        let end = Self::code_start(release.envelope) + release.code;
        let end = end
            .next_multiple_of(F::ERASE_SIZE as u32)
            .min(self.layout().slot);
        self.flash_mut()
            .erase(start + from, start + end)
            .map_err(|_| StoreError::Flash)
    }

    /// Writes the envelope of a release into its erased slot.
    ///
    /// # Errors
    /// [`StoreError::Flash`], also when the slot was not erased.
    pub fn write_envelope(
        &mut self,
        index: u8,
        release: &Release,
        envelope: &[u8],
    ) -> Result<(), StoreError> {
        match self.program(self.slot_start(index, release.side), envelope)? {
            Written::All => Ok(()),
            Written::Conflict(_) => Err(StoreError::Flash),
        }
    }

    /// Writes code at `offset`, a multiple of the write size. What lies there already and is the same is passed over.
    /// The bytes may lie in the flash themselves: code of another release is copied so.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn write_code(
        &mut self,
        index: u8,
        release: &Release,
        offset: u32,
        bytes: &[u8],
    ) -> Result<Written, StoreError> {
        let slot = self.slot_start(index, release.side);
        let start = slot + Self::code_start(release.envelope) + offset;
        Ok(match self.program(start, bytes)? {
            Written::All => Written::All,
            Written::Conflict(address) => Written::Conflict(address - slot),
        })
    }

    /// How many of `count` bytes, arriving at `offset` of a release's code, can be written now: all of them at the end
    /// of the code, whole flash words before.
    #[must_use]
    pub fn writable(release: &Release, offset: u32, count: u32) -> u32 {
        if offset + count == release.code {
            count
        } else {
            count - count % F::WRITE_SIZE as u32
        }
    }

    /// From where a transfer that was cut goes on. Bytes before it were written whole; bytes after it are either erased, or
    /// will be compared with what arrives.
    #[must_use]
    pub fn resume_offset(&self, index: u8, release: &Release) -> u32 {
        let code = self.code(index, release);
        let written = code
            .iter()
            .rposition(|byte| *byte != 0xff)
            .map_or(0, |last| last as u32 + 1);
        let certain = written.saturating_sub(LARGEST_WRITE);
        certain - certain % F::WRITE_SIZE as u32
    }

    /// To clear a conflict at `offset` of a slot: the place from where it must be erased, and the code offset at which the
    /// transfer goes on then. A place of 0 takes the envelope with it.
    #[must_use]
    pub fn mend_from(release: &Release, offset: u32) -> (u32, u32) {
        let block = offset - offset % F::ERASE_SIZE as u32;
        let code = Self::code_start(release.envelope);
        if block < code {
            (0, 0)
        } else {
            (block, block - code)
        }
    }

    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<Written, StoreError> {
        let word = F::WRITE_SIZE;
        let there = self
            .flash()
            .mapped(address, bytes.len().next_multiple_of(word) as u32);
        for (number, (old, new)) in there.chunks(word).zip(bytes.chunks(word)).enumerate() {
            if !same(old, new) && old.iter().any(|byte| *byte != 0xff) {
                return Ok(Written::Conflict(address + (number * word) as u32));
            }
        }
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let known = rest
                .chunks(word)
                .zip(there[at..].chunks(word))
                .take_while(|(new, old)| same(old, new));
            at += known.count() * word;
            let Some(rest) = bytes.get(at..) else { break };
            let missing = rest
                .chunks(word)
                .zip(there[at..].chunks(word))
                .take_while(|(new, old)| !same(old, new));
            let count = (missing.count() * word).min(LARGEST_WRITE as usize);
            let missing = &rest[..count.min(rest.len())];
            program(self.flash_mut(), address + at as u32, &[missing])?;
            at += count;
        }
        Ok(Written::All)
    }
}

/// Whether a flash word holds `new`, which may be short of its end.
fn same(old: &[u8], new: &[u8]) -> bool {
    &old[..new.len()] == new && old[new.len()..].iter().all(|byte| *byte == 0xff)
}
