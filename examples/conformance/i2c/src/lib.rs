//! `wasi:i2c/i2c` and `petiole:i2c/buses`: a bus with a TMP105 temperature sensor.
//!
//! The guest is granted the bus `i2c-env`; the sensor has address 0x48, nobody has 0x17.
#![no_std]

extern crate alloc;

use alloc::string::String;

use conformance_report::checks;
use petiole_guest::buses::OpenError;
use petiole_guest::i2c::{ErrorCode, I2c, NoAcknowledgeSource, Operation};
use petiole_guest::{Handler, buses};

const SENSOR: u16 = 0x48;
const NOBODY: u16 = 0x17;
/// Registers of the sensor: temperature, and a limit that may be written.
const TEMPERATURE: u8 = 0;
const LIMIT: u8 = 2;

/// Opens the bus and acts on it.
fn bus(action: impl FnOnce(&I2c) -> Result<bool, ErrorCode>) -> bool {
    buses::open("i2c-env").is_ok_and(|bus| action(&bus).unwrap_or(false))
}

checks! {
    /// A bus that is not granted does not open: `not-granted`, whether there is one or not.
    fn another_bus_does_not_open() -> bool {
        matches!(buses::open("i2c-other"), Err(OpenError::NotGranted))
    }

    /// `write-read` of a register gives its two bytes.
    fn a_register_is_read() -> bool {
        bus(|bus| Ok(bus.write_read(SENSOR, &[TEMPERATURE], 2)?.len() == 2))
    }

    /// `write` selects a register that `read` reads.
    fn write_and_read_are_apart() -> bool {
        bus(|bus| {
            bus.write(SENSOR, &[LIMIT, 0x12, 0x30])?;
            bus.write(SENSOR, &[LIMIT])?;
            Ok(bus.read(SENSOR, 2)? == [0x12, 0x30])
        })
    }

    /// What is written is there, through another handle too.
    fn a_register_is_written() -> bool {
        bus(|bus| bus.write(SENSOR, &[LIMIT, 0x4b, 0x10]).map(|()| true))
            && bus(|bus| Ok(bus.write_read(SENSOR, &[LIMIT], 2)? == [0x4b, 0x10]))
    }

    /// `transaction` runs its operations in order and gives one list for each read.
    fn a_transaction_has_its_reads() -> bool {
        bus(|bus| {
            bus.write(SENSOR, &[LIMIT, 0x21, 0x40])?;
            let reads = bus.transaction(
                SENSOR,
                &[Operation::Write([LIMIT].into()), Operation::Read(2), Operation::Write([TEMPERATURE].into()), Operation::Read(2)],
            )?;
            Ok(reads.len() == 2 && reads[0] == [0x21, 0x40] && reads[1].len() == 2)
        })
    }

    /// A transaction of nothing gives nothing.
    fn a_transaction_may_be_empty() -> bool {
        bus(|bus| Ok(bus.transaction(SENSOR, &[])?.is_empty()))
    }

    /// Nobody acknowledges an address without a device: `no-acknowledge(address)`, or `(unknown)` where a controller cannot tell.
    fn nobody_acknowledges() -> bool {
        bus(|bus| {
            Ok(matches!(
                bus.read(NOBODY, 1),
                Err(ErrorCode::NoAcknowledge(NoAcknowledgeSource::Address | NoAcknowledgeSource::Unknown))
            ) && bus.write(NOBODY, &[1]).is_err())
        })
    }

    /// The bus goes on after an error.
    fn the_bus_goes_on_after_an_error() -> bool {
        bus(|bus| Ok(bus.read(NOBODY, 1).is_err() && bus.write_read(SENSOR, &[TEMPERATURE], 2)?.len() == 2))
    }

    /// An address of more than 10 bits is refused.
    fn a_wide_address_is_refused() -> bool {
        bus(|bus| Ok(bus.read(0x400, 1).is_err()))
    }

    /// A read of more bytes than one call may bring is refused.
    fn an_endless_read_is_refused() -> bool {
        bus(|bus| Ok(bus.read(SENSOR, u64::MAX).is_err() && bus.read(SENSOR, 1 << 20).is_err()))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 2048);
