//! The functions behind `wasi:i2c/i2c`.

use alloc::vec::Vec;

use embedded_hal::i2c::{Error, ErrorKind, I2c, Operation};

use crate::room::Room;

/// An I2C controller behind a pointer; every blocking embedded-hal bus is one.
pub trait Bus {
    /// Runs the operations with repeated STARTs (see [`I2c::transaction`]).
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind>;
}

impl<T: I2c> Bus for T {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        I2c::transaction(self, address, operations).map_err(|error| error.kind())
    }
}

/// One step that a guest asks for.
pub enum Step<'a> {
    /// Read this many bytes.
    Read(u64),
    /// Write these bytes.
    Write(&'a [u8]),
}

/// Runs a guest's steps and gives back the bytes of each read, in order.
///
/// Reads of more than `most` bytes together, and addresses of more than 7 bits, fail with [`ErrorKind::Other`]
/// before anything moves on the bus.
pub fn transaction(
    bus: &mut dyn Bus,
    address: u16,
    steps: &[Step<'_>],
    most: u32,
) -> Result<Vec<Vec<u8>>, ErrorKind> {
    let address = u8::try_from(address)
        .ok()
        .filter(|address| *address < 0x80)
        .ok_or(ErrorKind::Other)?;
    let mut room = Room::new(most);
    let mut buffers = Vec::new();
    for step in steps {
        if let Step::Read(length) = step {
            buffers.push(room.take(*length).ok_or(ErrorKind::Other)?);
        }
    }
    let mut unfilled = buffers.iter_mut();
    let mut operations: Vec<Operation<'_>> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Read(_) => unfilled.next().map(|buffer| Operation::Read(buffer)),
            Step::Write(bytes) => Some(Operation::Write(bytes)),
        })
        .collect();
    bus.transaction(address, &mut operations)?;
    drop(operations);
    Ok(buffers)
}

#[cfg(test)]
mod tests;
