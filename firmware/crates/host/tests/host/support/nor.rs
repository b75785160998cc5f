//! NOR flash that enforces its rules and can lose power in the middle of any operation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use petiole_store::MappedFlash;

use super::runner::Pinned;

/// What happens to the operation during which the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It does not begin.
    Before,
    /// Half of it is done, one word more is torn.
    Half,
}

struct Chip {
    memory: *mut u8,
    size: usize,
    written: RefCell<Vec<bool>>,
    operations: Cell<u32>,
    cut: Cell<Option<(u32, Cut)>>,
    dead: Cell<bool>,
    pinned: Pinned,
}

/// A handle on a chip with this erase size and 4-byte words. Clones are the same chip; the chip lives for ever.
#[derive(Clone)]
pub struct Nor<const ERASE: usize>(Rc<Chip>);

const WORD: usize = 4;

#[derive(Debug)]
pub struct Dead;

impl NorFlashError for Dead {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const ERASE: usize> Nor<ERASE> {
    /// An erased chip.
    pub fn new(size: usize) -> Self {
        let memory = Box::leak(vec![0xff; size].into_boxed_slice()).as_mut_ptr();
        Self(Rc::new(Chip {
            memory,
            size,
            written: RefCell::new(vec![false; size / WORD]),
            operations: Cell::new(0),
            cut: Cell::new(None),
            dead: Cell::new(false),
            pinned: Pinned::default(),
        }))
    }

    /// Where runners note what they run.
    pub fn pinned(&self) -> Pinned {
        self.0.pinned.clone()
    }

    /// Operations since the chip was made.
    pub fn operations(&self) -> u32 {
        self.0.operations.get()
    }

    /// Cuts the power at the operation with this number.
    pub fn cut_at(&self, operation: u32, cut: Cut) {
        self.0.cut.set(Some((operation, cut)));
    }

    /// Whether the power is off.
    pub fn is_dead(&self) -> bool {
        self.0.dead.get()
    }

    /// Power on again.
    pub fn revive(&self) {
        self.0.dead.set(false);
        self.0.cut.set(None);
        self.0.pinned.borrow_mut().clear();
    }

    /// Flips bits, as no rule allows.
    pub fn damage(&self, offset: usize, mask: u8) {
        assert!(offset < self.0.size);
        // SAFETY: inside the leaked memory; tests hold no reference to it here.
        unsafe { *self.0.memory.add(offset) ^= mask };
    }

    /// Counts the operation; how much of it is done.
    fn begin(&self, from: usize, to: usize) -> Result<Option<usize>, Dead> {
        if self.is_dead() {
            return Err(Dead);
        }
        let start = self.0.memory as usize;
        for (low, high) in self.0.pinned.borrow().iter() {
            assert!(
                start + to <= *low || *high <= start + from,
                "{from:#x}..{to:#x} is changed while it runs"
            );
        }
        let number = self.0.operations.get();
        self.0.operations.set(number + 1);
        match self.0.cut.get() {
            Some((at, cut)) if at == number => {
                self.0.dead.set(true);
                let words = (to - from) / WORD;
                Ok(Some(if cut == Cut::Before {
                    0
                } else {
                    words / 2 * WORD
                }))
            }
            _ => Ok(None),
        }
    }

    fn set(&self, offset: usize, byte: u8) {
        // SAFETY: callers checked the bounds; references into other parts of the memory do not overlap.
        unsafe { *self.0.memory.add(offset) = byte };
    }
}

impl<const ERASE: usize> ErrorType for Nor<ERASE> {
    type Error = Dead;
}

impl<const ERASE: usize> ReadNorFlash for Nor<ERASE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Dead> {
        if self.is_dead() {
            return Err(Dead);
        }
        bytes.copy_from_slice(self.mapped(offset, bytes.len() as u32));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.size
    }
}

impl<const ERASE: usize> NorFlash for Nor<ERASE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Dead> {
        let (from, to) = (from as usize, to as usize);
        assert!(
            from.is_multiple_of(ERASE)
                && to.is_multiple_of(ERASE)
                && from < to
                && to <= self.0.size
        );
        let done = self.begin(from, to)?;
        let end = from + done.unwrap_or(to - from);
        // SAFETY: inside the leaked memory; no reference into what is erased is used again.
        unsafe { self.0.memory.add(from).write_bytes(0xff, end - from) };
        self.0.written.borrow_mut()[from / WORD..end / WORD].fill(false);
        match done {
            None => Ok(()),
            Some(0) => Err(Dead),
            Some(_) => {
                // What was being erased is undefined and must be erased again before it is written.
                (end..to)
                    .step_by(7)
                    .for_each(|offset| self.set(offset, 0x5a));
                self.0.written.borrow_mut()[from / WORD..to / WORD].fill(true);
                Err(Dead)
            }
        }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Dead> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        assert!(offset + bytes.len() <= self.0.size);
        let done = self.begin(offset, offset + bytes.len())?;
        let count = done.unwrap_or(bytes.len());
        for (number, byte) in bytes[..count].iter().enumerate() {
            let word = (offset + number) / WORD;
            assert!(
                !self.0.written.borrow()[word],
                "word at {:#x} is written twice",
                word * WORD
            );
            self.set(offset + number, *byte);
        }
        (offset / WORD..(offset + count) / WORD)
            .for_each(|word| self.0.written.borrow_mut()[word] = true);
        match done {
            None => Ok(()),
            Some(0) => Err(Dead),
            Some(_) => {
                if let Some(torn) = bytes.get(count..count + WORD) {
                    self.set(offset + count, torn[0] | 0xa5);
                    self.0.written.borrow_mut()[(offset + count) / WORD] = true;
                }
                Err(Dead)
            }
        }
    }
}

// SAFETY: the memory is leaked and changed by write, erase and the tests' own damage alone.
unsafe impl<const ERASE: usize> MappedFlash for Nor<ERASE> {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        let (offset, length) = (offset as usize, length as usize);
        assert!(offset + length <= self.0.size);
        // SAFETY: inside the leaked memory.
        unsafe { std::slice::from_raw_parts(self.0.memory.add(offset), length) }
    }
}
