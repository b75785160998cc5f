//! The chip.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use petiole_store::MappedFlash;

use crate::dice::Dice;

/// Address ranges of code that runs, which may not change.
pub type Pinned = Rc<RefCell<Vec<(usize, usize)>>>;

/// What happens to the operation during which the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It does not begin.
    Before,
    /// Some of it is done; the number says what.
    Within(u64),
}

/// The power is off.
#[derive(Debug)]
pub struct Dead;

impl NorFlashError for Dead {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// What a chip held at a time.
pub struct Snapshot {
    bytes: Vec<u8>,
    written: Vec<bool>,
}

struct Chip {
    memory: *mut u8,
    size: usize,
    /// Words that must be erased before they are written.
    written: RefCell<Vec<bool>>,
    operations: Cell<u32>,
    cut: Cell<Option<(u32, Cut)>>,
    dead: Cell<bool>,
    pinned: Pinned,
}

/// A handle on a chip with blocks of `ERASE` and words of `WORD` bytes. Clones are the same chip; its memory lives for ever.
#[derive(Clone)]
pub struct Nor<const ERASE: usize, const WORD: usize>(Rc<Chip>);

impl<const ERASE: usize, const WORD: usize> Nor<ERASE, WORD> {
    /// An erased chip.
    #[must_use]
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
    #[must_use]
    pub fn pinned(&self) -> Pinned {
        self.0.pinned.clone()
    }

    /// Operations since the chip was made.
    #[must_use]
    pub fn operations(&self) -> u32 {
        self.0.operations.get()
    }

    /// Cuts the power at the operation with this number.
    pub fn cut_at(&self, operation: u32, cut: Cut) {
        self.0.cut.set(Some((operation, cut)));
    }

    /// Whether the power is off.
    #[must_use]
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
    ///
    /// # Panics
    /// Outside of the chip.
    pub fn damage(&self, offset: usize, mask: u8) {
        let byte = self.bytes(offset, 1)[0];
        self.set(offset, &[byte ^ mask]);
    }

    /// What the chip holds.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            bytes: self.bytes(0, self.0.size).to_vec(),
            written: self.0.written.borrow().clone(),
        }
    }

    /// Makes the chip hold what it held before, with power.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.revive();
        self.set(0, &snapshot.bytes);
        self.0
            .written
            .borrow_mut()
            .copy_from_slice(&snapshot.written);
    }

    fn bytes(&self, offset: usize, length: usize) -> &'static [u8] {
        assert!(
            offset + length <= self.0.size,
            "{offset:#x} + {length:#x} is outside"
        );
        // SAFETY: inside the leaked memory.
        unsafe { std::slice::from_raw_parts(self.0.memory.add(offset), length) }
    }

    fn set(&self, offset: usize, bytes: &[u8]) {
        assert!(
            offset + bytes.len() <= self.0.size,
            "{offset:#x} is outside"
        );
        // SAFETY: inside the leaked memory; whoever changes flash reads again what it read before.
        unsafe {
            self.0
                .memory
                .add(offset)
                .copy_from(bytes.as_ptr(), bytes.len())
        };
    }

    /// Counts the operation; how it is cut, when it is.
    fn begin(&self, from: usize, to: usize) -> Result<Option<Cut>, Dead> {
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
                Ok(Some(cut))
            }
            _ => Ok(None),
        }
    }

    fn mark(&self, offset: usize, length: usize, written: bool) {
        self.0.written.borrow_mut()[offset / WORD..(offset + length) / WORD].fill(written);
    }

    /// An erase that was cut: blocks before one are erased, that one holds anything, those behind it are as they were.
    fn tear_erase(&self, from: usize, to: usize, dice: &mut Dice) {
        let torn = from + dice.below((to - from) / ERASE) * ERASE;
        self.set(from, &vec![0xff; torn - from]);
        self.mark(from, torn - from, false);
        let old = self.bytes(torn, ERASE);
        let done = dice.below(ERASE + 1);
        let style = dice.below(5);
        let new = old.iter().enumerate().map(|(at, byte)| match style {
            // Erased from the start on, from the end on, every bit on its way, set to zeroes first, anything.
            0 if at < done => 0xff,
            1 if at >= done => 0xff,
            2 => byte | dice.roll() as u8,
            3 => byte & dice.roll() as u8,
            4 => dice.roll() as u8,
            _ => *byte,
        });
        self.set(torn, &new.collect::<Vec<_>>());
        self.mark(torn, ERASE, true);
    }

    /// A program operation that was cut: of each word all is done, nothing, or some bits.
    fn tear_write(&self, offset: usize, bytes: &[u8], dice: &mut Dice) {
        let words = bytes.len() / WORD;
        let (in_order, until) = (dice.below(2) == 0, dice.below(words));
        for (number, word) in bytes.chunks(WORD).enumerate() {
            let kind = match in_order {
                true if number < until => 0,
                true if number > until => 1,
                true => 2,
                false => dice.below(3),
            };
            let place = offset + number * WORD;
            match kind {
                0 => self.set(place, word),
                1 => continue,
                _ => {
                    let torn = word.iter().map(|byte| byte | dice.roll() as u8);
                    self.set(place, &torn.collect::<Vec<_>>());
                }
            }
            let blank = self.bytes(place, WORD).iter().all(|byte| *byte == 0xff);
            self.mark(place, WORD, !blank);
        }
    }
}

impl<const ERASE: usize, const WORD: usize> ErrorType for Nor<ERASE, WORD> {
    type Error = Dead;
}

impl<const ERASE: usize, const WORD: usize> ReadNorFlash for Nor<ERASE, WORD> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Dead> {
        if self.is_dead() {
            return Err(Dead);
        }
        bytes.copy_from_slice(self.bytes(offset as usize, bytes.len()));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.size
    }
}

impl<const ERASE: usize, const WORD: usize> NorFlash for Nor<ERASE, WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Dead> {
        let (from, to) = (from as usize, to as usize);
        assert!(
            from.is_multiple_of(ERASE) && to.is_multiple_of(ERASE),
            "{from:#x}..{to:#x}"
        );
        assert!(from < to && to <= self.0.size, "{from:#x}..{to:#x}");
        match self.begin(from, to)? {
            None => {
                self.set(from, &vec![0xff; to - from]);
                self.mark(from, to - from, false);
                Ok(())
            }
            Some(Cut::Before) => Err(Dead),
            Some(Cut::Within(seed)) => {
                self.tear_erase(from, to, &mut Dice::new(seed));
                Err(Dead)
            }
        }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Dead> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        assert!(!bytes.is_empty());
        let cut = self.begin(offset, offset + bytes.len())?;
        for word in offset / WORD..(offset + bytes.len()) / WORD {
            assert!(
                !self.0.written.borrow()[word],
                "{:#x} is written twice",
                word * WORD
            );
        }
        match cut {
            None => {
                self.set(offset, bytes);
                self.mark(offset, bytes.len(), true);
                Ok(())
            }
            Some(Cut::Before) => Err(Dead),
            Some(Cut::Within(seed)) => {
                self.tear_write(offset, bytes, &mut Dice::new(seed));
                Err(Dead)
            }
        }
    }
}

// SAFETY: the memory is leaked and changed by write, erase and what tests ask for alone.
unsafe impl<const ERASE: usize, const WORD: usize> MappedFlash for Nor<ERASE, WORD> {
    fn mapped(&self, offset: u32, length: u32) -> &'static [u8] {
        self.bytes(offset as usize, length as usize)
    }
}
