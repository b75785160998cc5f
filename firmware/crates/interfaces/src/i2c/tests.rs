use alloc::vec;
use alloc::vec::Vec;
use core::convert::Infallible;

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use super::{Step, transaction};

/// Answers every read with 1, 2, 3, ... and remembers what was asked.
#[derive(Default)]
struct Recorder {
    address: Option<u8>,
    steps: Vec<Vec<u8>>,
}

impl ErrorType for Recorder {
    type Error = Infallible;
}

impl I2c for Recorder {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), Infallible> {
        self.address = Some(address);
        for operation in operations {
            match operation {
                Operation::Read(buffer) => {
                    (1..)
                        .zip(buffer.iter_mut())
                        .for_each(|(number, byte)| *byte = number);
                    self.steps.push(vec![]);
                }
                Operation::Write(bytes) => self.steps.push(bytes.to_vec()),
            }
        }
        Ok(())
    }
}

/// A bus without devices.
struct Empty;

impl ErrorType for Empty {
    type Error = ErrorKind;
}

impl I2c for Empty {
    fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
    }
}

#[test]
fn steps_run_in_order_and_each_read_has_its_bytes() {
    let mut bus = Recorder::default();
    let steps = [
        Step::Write(&[9, 8]),
        Step::Read(2),
        Step::Write(&[7]),
        Step::Read(0),
        Step::Read(3),
    ];
    assert_eq!(
        transaction(&mut bus, 0x48, &steps, 5),
        Ok(vec![vec![1, 2], vec![], vec![1, 2, 3]])
    );
    assert_eq!(bus.address, Some(0x48));
    assert_eq!(bus.steps, [vec![9, 8], vec![], vec![7], vec![], vec![]]);
}

#[test]
fn too_long_reads_and_wide_addresses_never_reach_the_bus() {
    let mut bus = Recorder::default();
    for (address, steps) in [
        (0x48, &[Step::Read(6)][..]),
        (0x48, &[Step::Read(3), Step::Read(3)]),
        (0x48, &[Step::Read(u64::MAX), Step::Read(u64::MAX)]),
        (0x80, &[Step::Read(1)]),
        (u16::MAX, &[Step::Read(1)]),
    ] {
        assert_eq!(
            transaction(&mut bus, address, steps, 5),
            Err(ErrorKind::Other)
        );
    }
    assert_eq!(bus.address, None);
}

#[test]
fn the_error_of_the_bus_comes_through() {
    let answer = transaction(&mut Empty, 0x48, &[Step::Read(1)], 5);
    assert_eq!(
        answer,
        Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
    );
}
