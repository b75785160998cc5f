//! Blocks that were just freed, for the next request of the same size.

use core::ptr::NonNull;

/// A call of a component takes five blocks: enough compartments that most sizes have one to themselves.
const COMPARTMENTS: usize = 16;

/// Free blocks by size, two in each compartment, the last one first. The lists lie in the blocks themselves.
pub struct Shelf {
    compartments: [Option<NonNull<Header>>; COMPARTMENTS],
    bytes: usize,
}

/// What stands at the beginning of a block on the shelf; no larger than the smallest block.
struct Header {
    older: Option<NonNull<Header>>,
    size: usize,
}

/// A block and its size in bytes.
pub type Block = (NonNull<u8>, usize);

// SAFETY: the blocks belong to the shelf alone while they lie on it.
unsafe impl Send for Shelf {}

impl Shelf {
    pub const fn new() -> Self {
        Self {
            compartments: [None; COMPARTMENTS],
            bytes: 0,
        }
    }

    /// Bytes that lie here.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a block of just this size at a suitable address, the last that was put here.
    pub fn take(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let mut link = self.compartment(size);
        while let Some(block) = *link {
            // SAFETY: written by `put`, and nobody else's since.
            let header = unsafe { &mut *block.as_ptr() };
            if header.size == size && block.as_ptr().addr() & (align - 1) == 0 {
                *link = header.older;
                self.bytes -= size;
                return Some(block.cast());
            }
            link = &mut header.older;
        }
        None
    }

    /// Takes any block.
    pub fn take_any(&mut self) -> Option<Block> {
        let (link, block) = self
            .compartments
            .iter_mut()
            .find_map(|link| link.map(|block| (link, block)))?;
        // SAFETY: as in `take`.
        let Header { older, size } = unsafe { block.read() };
        *link = older;
        self.bytes -= size;
        Some((block.cast(), size))
    }

    /// Puts a block here; gives back another for which there is no room any more.
    ///
    /// # Safety
    /// It has room for a header, is aligned for one, and belongs to nobody.
    pub unsafe fn put(&mut self, block: NonNull<u8>, size: usize) -> Option<Block> {
        let block = block.cast::<Header>();
        let link = self.compartment(size);
        let header = Header { older: *link, size };
        *link = Some(block);
        // SAFETY: the caller's promise.
        unsafe { block.write(header) };
        self.bytes += size;
        // SAFETY: on the shelf, as in `take`.
        let second = unsafe { &mut *(*block.as_ptr()).older?.as_ptr() };
        let third = second.older.take()?;
        // SAFETY: was on the shelf until now.
        let size = unsafe { third.read() }.size;
        self.bytes -= size;
        Some((third.cast(), size))
    }

    fn compartment(&mut self, size: usize) -> &mut Option<NonNull<Header>> {
        &mut self.compartments[size / size_of::<usize>() % COMPARTMENTS]
    }
}
