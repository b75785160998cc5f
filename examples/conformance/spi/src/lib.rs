//! `wasi:spi/spi`: a device on a bus whose data output is wired to its data input.
//!
//! The guest is granted the device `spi-loop`.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::spi::{Error, Operation, OperationResult, SpiDevice};
use petiole_guest::{Handler, spi};

/// Opens the device and acts on it.
fn device(action: impl FnOnce(&SpiDevice) -> Result<bool, Error>) -> bool {
    spi::open("spi-loop")
        .and_then(|device| action(&device))
        .unwrap_or(false)
}

checks! {
    /// A device that is not granted does not open: `other`, its text begins with `not-granted`.
    fn another_device_does_not_open() -> bool {
        matches!(spi::open("spi-other"), Err(Error::Other(text)) if text.starts_with("not-granted"))
    }

    /// `transfer` reads what it writes at the same time.
    fn a_transfer_reads_what_it_writes() -> bool {
        device(|device| {
            let bytes = [0x00, 0xff, 0x55, 0xaa, 0x01, 0x80];
            Ok(device.transfer(&bytes)? == bytes)
        })
    }

    /// A long transfer loses nothing.
    fn a_long_transfer_is_whole() -> bool {
        device(|device| {
            let bytes: Vec<u8> = (0..=255).collect();
            Ok(device.transfer(&bytes)? == bytes)
        })
    }

    /// `read` gives as many bytes as asked for.
    fn a_read_has_its_length() -> bool {
        device(|device| Ok(device.read(5)?.len() == 5 && device.read(0)?.is_empty()))
    }

    /// `write` takes bytes, and none.
    fn a_write_is_taken() -> bool {
        device(|device| device.write(&[1, 2, 3]).and_then(|()| device.write(&[])).map(|()| true))
    }

    /// A transfer after a write reads nothing of the write.
    fn nothing_is_left_of_a_write() -> bool {
        device(|device| {
            device.write(&[0x11; 16])?;
            Ok(device.transfer(&[0x22, 0x33])? == [0x22, 0x33])
        })
    }

    /// `transaction` gives one result for each operation, in order.
    fn a_transaction_has_its_results() -> bool {
        device(|device| {
            let results = device.transaction(&[
                Operation::Write([1, 2].into()),
                Operation::DelayNs(1_000),
                Operation::Transfer([3, 4].into()),
                Operation::Read(1),
            ])?;
            Ok(matches!(
                &results[..],
                [OperationResult::Write, OperationResult::Delay, OperationResult::Transfer(bytes), OperationResult::Read(read)]
                    if bytes[..] == [3, 4] && read.len() == 1
            ))
        })
    }

    /// A transaction of nothing gives nothing.
    fn a_transaction_may_be_empty() -> bool {
        device(|device| Ok(device.transaction(&[])?.is_empty()))
    }

    /// A read of more bytes than one call may bring is refused.
    fn an_endless_read_is_refused() -> bool {
        device(|device| Ok(device.read(u64::MAX).is_err() && device.read(1 << 20).is_err()))
    }

    /// A delay of seconds is refused: it would hold the bus.
    fn a_long_delay_is_refused() -> bool {
        device(|device| Ok(device.transaction(&[Operation::DelayNs(4_000_000_000)]).is_err()))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 4096);
