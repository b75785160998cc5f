//! `embedded_hal` over the host's interfaces, so that driver crates work as they are.

use alloc::vec::Vec;

use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use crate::bindings::wasi::i2c::i2c;
use crate::buses::{self, OpenError};

/// A labelled I2C bus of the host.
pub struct Bus(i2c::I2c);

impl Bus {
    /// Opens the bus that the host offers under `label`.
    pub fn open(label: &str) -> Result<Self, OpenError> {
        buses::open(label).map(Self)
    }
}

/// A failed transaction.
#[derive(Clone, Copy, Debug)]
pub struct BusError(i2c::ErrorCode);

impl Error for BusError {
    fn kind(&self) -> ErrorKind {
        match self.0 {
            i2c::ErrorCode::Bus => ErrorKind::Bus,
            i2c::ErrorCode::ArbitrationLoss => ErrorKind::ArbitrationLoss,
            i2c::ErrorCode::NoAcknowledge(source) => ErrorKind::NoAcknowledge(match source {
                i2c::NoAcknowledgeSource::Address => NoAcknowledgeSource::Address,
                i2c::NoAcknowledgeSource::Data => NoAcknowledgeSource::Data,
                i2c::NoAcknowledgeSource::Unknown => NoAcknowledgeSource::Unknown,
            }),
            i2c::ErrorCode::Overrun => ErrorKind::Overrun,
            i2c::ErrorCode::Other => ErrorKind::Other,
        }
    }
}

impl From<i2c::ErrorCode> for BusError {
    fn from(code: i2c::ErrorCode) -> Self {
        Self(code)
    }
}

impl ErrorType for Bus {
    type Error = BusError;
}

// The three common shapes have functions of their own in the standard: a driver that uses no other pays for no other.
impl I2c for Bus {
    fn read(&mut self, address: u8, read: &mut [u8]) -> Result<(), BusError> {
        fill(read, &self.0.read(address.into(), read.len() as u64)?)
    }

    fn write(&mut self, address: u8, write: &[u8]) -> Result<(), BusError> {
        Ok(self.0.write(address.into(), write)?)
    }

    fn write_read(&mut self, address: u8, write: &[u8], read: &mut [u8]) -> Result<(), BusError> {
        fill(
            read,
            &self
                .0
                .write_read(address.into(), write, read.len() as u64)?,
        )
    }

    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BusError> {
        let steps: Vec<_> = operations
            .iter()
            .map(|operation| match operation {
                Operation::Read(buffer) => i2c::Operation::Read(buffer.len() as u64),
                Operation::Write(data) => i2c::Operation::Write(data.to_vec()),
            })
            .collect();
        let answers = self.0.transaction(address.into(), &steps)?;
        let buffers = operations
            .iter_mut()
            .filter_map(|operation| match operation {
                Operation::Read(buffer) => Some(buffer),
                Operation::Write(_) => None,
            });
        buffers
            .zip(&answers)
            .try_for_each(|(buffer, answer)| fill(buffer, answer))
    }
}

/// Copies an answer of the host, which has the length that was asked for.
fn fill(buffer: &mut [u8], answer: &[u8]) -> Result<(), BusError> {
    if buffer.len() != answer.len() {
        return Err(BusError(i2c::ErrorCode::Other));
    }
    buffer.copy_from_slice(answer);
    Ok(())
}
