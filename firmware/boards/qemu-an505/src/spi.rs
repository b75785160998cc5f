//! The SPI device of label `spi-loop`: Arm's PL022 (TRM DDI 0194) in loopback mode, so that what is sent comes back.

use embassy_time::Delay;
use embedded_hal::spi::{ErrorKind, ErrorType, SpiBus};
use embedded_hal_bus::spi::ExclusiveDevice;
use petiole_board::models::NoPin;
use petiole_board::registers::Block;

// SAFETY: the PL022 of the FPGA image's first SPI bus; used here only.
const SSP: Block = unsafe { Block::new(0x4020_5000) };

const CR0: usize = 0x0;
const CR1: usize = 0x4;
const DATA: usize = 0x8;
const STATUS: usize = 0xc;
const PRESCALE: usize = 0x10;

const CR0_EIGHT_BITS: u32 = 7;
const CR1_LOOPBACK: u32 = 1;
const CR1_ENABLE: u32 = 1 << 1;
const STATUS_SEND_ROOM: u32 = 1 << 1;
const STATUS_RECEIVED: u32 = 1 << 2;
const STATUS_BUSY: u32 = 1 << 4;

/// Divides the 20 MHz of the bus; even, at least 2.
const DIVISOR: u32 = 20;
/// How often the status is read before the controller counts as stuck: 100 times the time of a byte.
const PATIENCE: u32 = 100_000;

/// The controller.
pub struct Pl022(());

/// The device behind the label; nothing needs to be selected.
pub type Loop = ExclusiveDevice<Pl022, NoPin, Delay>;

/// The device; call once.
pub fn start() -> Loop {
    SSP.write(CR1, 0);
    SSP.write(CR0, CR0_EIGHT_BITS);
    SSP.write(PRESCALE, DIVISOR);
    SSP.write(CR1, CR1_ENABLE | CR1_LOOPBACK);
    let Ok(device) = ExclusiveDevice::new(Pl022(()), NoPin, Delay);
    device
}

fn wait_for(mask: u32, value: u32) -> Result<(), ErrorKind> {
    let ready = (0..PATIENCE).any(|_| SSP.read(STATUS) & mask == value);
    if ready { Ok(()) } else { Err(ErrorKind::Other) }
}

/// One byte out, one in: the queues never hold more than it.
fn exchange(byte: u8) -> Result<u8, ErrorKind> {
    wait_for(STATUS_SEND_ROOM, STATUS_SEND_ROOM)?;
    SSP.write(DATA, u32::from(byte));
    wait_for(STATUS_RECEIVED, STATUS_RECEIVED)?;
    Ok(SSP.read(DATA) as u8)
}

impl ErrorType for Pl022 {
    type Error = ErrorKind;
}

impl SpiBus for Pl022 {
    fn read(&mut self, words: &mut [u8]) -> Result<(), ErrorKind> {
        for word in words {
            *word = exchange(0)?;
        }
        Ok(())
    }

    fn write(&mut self, words: &[u8]) -> Result<(), ErrorKind> {
        words.iter().try_for_each(|word| exchange(*word).map(drop))
    }

    fn transfer(&mut self, read: &mut [u8], write: &[u8]) -> Result<(), ErrorKind> {
        for index in 0..read.len().max(write.len()) {
            let received = exchange(write.get(index).copied().unwrap_or(0))?;
            if let Some(place) = read.get_mut(index) {
                *place = received;
            }
        }
        Ok(())
    }

    fn transfer_in_place(&mut self, words: &mut [u8]) -> Result<(), ErrorKind> {
        for word in words {
            *word = exchange(*word)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        wait_for(STATUS_BUSY, 0)
    }
}
