use alloc::vec;
use alloc::vec::Vec;

use embedded_hal::spi::{ErrorKind, ErrorType, Operation, SpiDevice};

use super::{LONGEST_DELAY, Step, transaction};

/// Answers with the complement of what it hears, and with 0xff to silence.
#[derive(Default)]
struct Inverter {
    heard: Vec<u8>,
    delay: u32,
    broken: Option<ErrorKind>,
}

impl ErrorType for Inverter {
    type Error = ErrorKind;
}

impl SpiDevice for Inverter {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), ErrorKind> {
        for operation in operations {
            match operation {
                Operation::Read(buffer) => buffer.fill(0xff),
                Operation::Write(bytes) => self.heard.extend_from_slice(bytes),
                Operation::TransferInPlace(bytes) => {
                    self.heard.extend_from_slice(bytes);
                    bytes.iter_mut().for_each(|byte| *byte = !*byte);
                }
                Operation::Transfer(..) => return Err(ErrorKind::Other),
                Operation::DelayNs(ns) => self.delay += *ns,
            }
        }
        self.broken.map_or(Ok(()), Err)
    }
}

#[test]
fn steps_run_in_order_and_keep_what_came_back() {
    let mut device = Inverter::default();
    let mut steps = [
        Step::Write(vec![1, 2]),
        Step::Read(vec![0; 3]),
        Step::Delay(7),
        Step::Transfer(vec![0x0f]),
    ];
    assert_eq!(transaction(&mut device, &mut steps), Ok(()));
    assert_eq!(steps[1], Step::Read(vec![0xff; 3]));
    assert_eq!(steps[3], Step::Transfer(vec![0xf0]));
    assert_eq!((device.heard, device.delay), (vec![1, 2, 0x0f], 7));
}

#[test]
fn long_delays_never_reach_the_device() {
    let mut device = Inverter::default();
    let mut steps = [
        Step::Write(vec![1]),
        Step::Delay(LONGEST_DELAY),
        Step::Delay(1),
    ];
    let answer = transaction(&mut device, &mut steps);
    assert_eq!(answer, Err(ErrorKind::Other));
    assert!(device.heard.is_empty());
    assert_eq!(transaction(&mut device, &mut steps[..2]), Ok(()));
}

#[test]
fn the_error_of_the_device_comes_through() {
    for kind in [
        ErrorKind::Overrun,
        ErrorKind::ModeFault,
        ErrorKind::FrameFormat,
        ErrorKind::ChipSelectFault,
        ErrorKind::Other,
    ] {
        let mut device = Inverter {
            broken: Some(kind),
            ..Inverter::default()
        };
        assert_eq!(transaction(&mut device, &mut []), Err(kind));
    }
}
