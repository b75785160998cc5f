//! The functions behind `wasi:spi/spi`.

use alloc::vec::Vec;

use embedded_hal::spi::{Error, ErrorKind, Operation, SpiDevice};

/// The longest delay in one transaction, nanoseconds: it holds the whole board.
pub const LONGEST_DELAY: u32 = 1_000_000;

/// An SPI device with its chip select, behind a pointer; every blocking embedded-hal device is one.
pub trait Device {
    /// Runs the operations while the chip is selected (see [`SpiDevice::transaction`]).
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), ErrorKind>;
}

impl<T: SpiDevice> Device for T {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), ErrorKind> {
        SpiDevice::transaction(self, operations).map_err(|error| error.kind())
    }
}

/// One step that a guest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read as many bytes as there are here, in their place.
    Read(Vec<u8>),
    /// Write these bytes.
    Write(Vec<u8>),
    /// Write these bytes and put what comes back in their place.
    Transfer(Vec<u8>),
    /// Wait this many nanoseconds, with the chip selected.
    Delay(u32),
}

/// Runs a guest's steps; reads and transfers leave their bytes in the steps.
///
/// Delays of more than [`LONGEST_DELAY`] together fail with [`ErrorKind::Other`] before anything moves on the bus.
pub fn transaction(device: &mut dyn Device, steps: &mut [Step]) -> Result<(), ErrorKind> {
    let mut delay = LONGEST_DELAY;
    let mut operations = Vec::with_capacity(steps.len());
    for step in steps {
        operations.push(match step {
            Step::Read(buffer) => Operation::Read(buffer),
            Step::Write(bytes) => Operation::Write(bytes),
            Step::Transfer(bytes) => Operation::TransferInPlace(bytes),
            Step::Delay(ns) => {
                delay = delay.checked_sub(*ns).ok_or(ErrorKind::Other)?;
                Operation::DelayNs(*ns)
            }
        });
    }
    device.transaction(&mut operations)
}

#[cfg(test)]
mod tests;
