//! The rules of NOR flash hold over a medium that would allow anything.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use petiole_board::flash::{FlashError, Medium, Nor};
use petiole_store::MappedFlash;

struct Careless(*mut u8);

const SIZE: usize = 256;

impl Careless {
    fn new() -> Self {
        Self(Box::leak(Box::new([0x55u8; SIZE])).as_mut_ptr())
    }
}

impl Medium for Careless {
    const ERASE: usize = 64;
    const WRITE: usize = 4;

    fn bytes(&self) -> &'static [u8] {
        // SAFETY: leaked in `new`; the tests hold no slice while they write.
        unsafe { core::slice::from_raw_parts(self.0, SIZE) }
    }

    fn erase(&mut self, block: u32) -> Result<(), FlashError> {
        // SAFETY: `Nor` has checked the range.
        unsafe { self.0.add(block as usize).write_bytes(0xff, Self::ERASE) };
        Ok(())
    }

    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        // SAFETY: `Nor` has checked the range.
        unsafe { core::ptr::copy(bytes.as_ptr(), self.0.add(offset as usize), bytes.len()) };
        Ok(())
    }
}

fn byte(flash: &Nor<Careless>, offset: u32) -> u8 {
    flash.mapped(offset, 1)[0]
}

#[test]
fn programming_only_clears_bits() {
    let mut flash = Nor::new(Careless::new());
    assert_eq!(flash.write(0, &[0xff; 4]), Err(FlashError::NotErased));
    assert_eq!(byte(&flash, 0), 0x55);
    flash.erase(0, 64).unwrap();
    flash.write(0, &[0xf0; 4]).unwrap();
    flash.write(0, &[0x30; 4]).unwrap();
    assert_eq!(
        flash.write(0, &[0x30, 0x30, 0x30, 0x31]),
        Err(FlashError::NotErased)
    );
    let mut found = [0; 5];
    flash.read(0, &mut found).unwrap();
    assert_eq!(found, [0x30, 0x30, 0x30, 0x30, 0xff]);
}

#[test]
fn erasing_keeps_the_blocks_around() {
    let mut flash = Nor::new(Careless::new());
    flash.erase(64, 192).unwrap();
    assert_eq!(byte(&flash, 63), 0x55);
    assert!(flash.mapped(64, 128).iter().all(|byte| *byte == 0xff));
    assert_eq!(byte(&flash, 192), 0x55);
}

#[test]
fn alignment_and_bounds_are_refused() {
    let mut flash = Nor::new(Careless::new());
    assert_eq!(flash.erase(0, 63), Err(FlashError::NotAligned));
    assert_eq!(flash.erase(32, 96), Err(FlashError::NotAligned));
    assert_eq!(flash.erase(192, 320), Err(FlashError::OutOfBounds));
    assert_eq!(flash.write(2, &[0; 4]), Err(FlashError::NotAligned));
    assert_eq!(flash.write(0, &[0; 3]), Err(FlashError::NotAligned));
    assert_eq!(flash.write(256, &[0; 4]), Err(FlashError::OutOfBounds));
    assert_eq!(flash.read(250, &mut [0; 8]), Err(FlashError::OutOfBounds));
    assert_eq!(
        flash.read(u32::MAX, &mut [0; 8]),
        Err(FlashError::OutOfBounds)
    );
}
