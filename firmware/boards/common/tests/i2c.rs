//! The bit-banged master against a device that listens to the two lines.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_hal::i2c::{ErrorKind, I2c, NoAcknowledgeSource, Operation};
use petiole_board::i2c::{BitBang, Lines};

const ADDRESS: u8 = 0x48;

/// What the device is doing.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    Idle,
    Address,
    Receive,
    Send,
    Ignore,
}

/// A device with eight registers and a pointer, as simple sensors have; it acknowledges `patience` written bytes.
struct Device {
    registers: [u8; 8],
    pointer: usize,
    patience: usize,
    written: usize,
    phase: Phase,
    bits: u32,
    shift: u8,
    acknowledging: bool,
    clock: bool,
    master: bool,
    device: bool,
    starts: usize,
    stops: usize,
}

impl Device {
    fn new(patience: usize) -> Self {
        Self {
            registers: [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17],
            pointer: 0,
            patience,
            written: 0,
            phase: Phase::Idle,
            bits: 0,
            shift: 0,
            acknowledging: false,
            clock: true,
            master: true,
            device: true,
            starts: 0,
            stops: 0,
        }
    }

    fn data(&self) -> bool {
        self.master && self.device
    }

    fn set_data(&mut self, high: bool) {
        let before = self.data();
        self.master = high;
        if self.clock && before != self.data() {
            self.device = true;
            self.bits = 0;
            self.acknowledging = false;
            if high {
                self.phase = Phase::Idle;
                self.stops += 1;
            } else {
                self.phase = Phase::Address;
                self.written = 0;
                self.starts += 1;
            }
        }
    }

    fn set_clock(&mut self, high: bool) {
        if high && !self.clock {
            self.clock = true;
            self.sample();
        } else if !high && self.clock {
            self.clock = false;
            self.drive();
        }
    }

    /// Rising clock: take a bit.
    fn sample(&mut self) {
        if self.acknowledging {
            if self.phase == Phase::Send && self.data() {
                self.phase = Phase::Ignore;
            }
            return;
        }
        self.shift = self.shift << 1 | u8::from(self.data());
        self.bits += 1;
    }

    /// Falling clock: offer the next bit or an acknowledgement.
    fn drive(&mut self) {
        self.device = true;
        if self.acknowledging {
            self.acknowledging = false;
            self.bits = 0;
        } else if self.bits == 8 {
            self.acknowledging = true;
            self.device = !self.byte();
            return;
        }
        if self.phase == Phase::Send {
            let value = self.registers[self.pointer % 8];
            self.device = value >> (7 - self.bits) & 1 == 1;
        }
    }

    /// A byte is through; whether the device acknowledges it.
    fn byte(&mut self) -> bool {
        match self.phase {
            Phase::Address if self.shift >> 1 == ADDRESS => {
                self.phase = if self.shift & 1 == 1 {
                    Phase::Send
                } else {
                    Phase::Receive
                };
                true
            }
            Phase::Receive => {
                self.written += 1;
                if self.written > self.patience {
                    return false;
                }
                if self.written == 1 {
                    self.pointer = usize::from(self.shift);
                } else {
                    self.registers[self.pointer % 8] = self.shift;
                    self.pointer += 1;
                }
                true
            }
            Phase::Send => {
                self.pointer += 1;
                false
            }
            Phase::Address | Phase::Idle | Phase::Ignore => {
                self.phase = Phase::Ignore;
                false
            }
        }
    }
}

/// The lines to the device; `stuck` holds the clock low.
struct Wires {
    device: Rc<RefCell<Device>>,
    stuck: bool,
}

impl Lines for Wires {
    fn set_clock(&mut self, high: bool) {
        self.device.borrow_mut().set_clock(high);
    }

    fn set_data(&mut self, high: bool) {
        self.device.borrow_mut().set_data(high);
    }

    fn clock(&self) -> bool {
        !self.stuck && self.device.borrow().clock
    }

    fn data(&self) -> bool {
        self.device.borrow().data()
    }

    fn pause(&mut self) {}
}

fn bus(patience: usize) -> (BitBang<Wires>, Rc<RefCell<Device>>) {
    let device = Rc::new(RefCell::new(Device::new(patience)));
    let wires = Wires {
        device: device.clone(),
        stuck: false,
    };
    (BitBang::new(wires), device)
}

#[test]
fn a_register_is_read_with_one_repeated_start() {
    let (mut bus, device) = bus(8);
    let mut found = [0; 3];
    bus.write_read(ADDRESS, &[2], &mut found).unwrap();
    assert_eq!(found, [0x12, 0x13, 0x14]);
    assert_eq!((device.borrow().starts, device.borrow().stops), (2, 1));
}

#[test]
fn neighbouring_operations_of_one_kind_are_one_transfer() {
    let (mut bus, device) = bus(8);
    let (mut first, mut second) = ([0; 1], [0; 2]);
    bus.transaction(
        ADDRESS,
        &mut [
            Operation::Write(&[3]),
            Operation::Write(&[0xa5, 0x5a]),
            Operation::Read(&mut first),
            Operation::Read(&mut second),
        ],
    )
    .unwrap();
    assert_eq!(device.borrow().registers[3..5], [0xa5, 0x5a]);
    assert_eq!((first, second), ([0x15], [0x16, 0x17]));
    assert_eq!((device.borrow().starts, device.borrow().stops), (2, 1));
}

#[test]
fn an_absent_device_is_an_unacknowledged_address() {
    let (mut bus, device) = bus(8);
    let refused = bus.read(0x49, &mut [0]);
    assert_eq!(
        refused,
        Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
    );
    assert_eq!(device.borrow().stops, 1);
    bus.read(ADDRESS, &mut [0]).unwrap();
}

#[test]
fn a_refused_byte_is_unacknowledged_data() {
    let (mut bus, device) = bus(1);
    let refused = bus.write(ADDRESS, &[0, 1]);
    assert_eq!(
        refused,
        Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data))
    );
    assert_eq!(device.borrow().stops, 1);
}

#[test]
fn a_clock_held_low_is_a_bus_error() {
    let device = Rc::new(RefCell::new(Device::new(8)));
    let mut bus = BitBang::new(Wires {
        device,
        stuck: true,
    });
    assert_eq!(bus.write(ADDRESS, &[0]), Err(ErrorKind::Bus));
}
