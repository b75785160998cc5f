//! I2C by two lines that software pulls low, for controllers that offer no more (NXP UM10204, standard mode, one master).

use embedded_hal::i2c::{
    ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

/// The two open-drain lines.
pub trait Lines {
    /// Releases (true) or pulls low (false) the clock.
    fn set_clock(&mut self, high: bool);
    /// Releases (true) or pulls low (false) the data line.
    fn set_data(&mut self, high: bool);
    /// The clock's level: a device may hold it low to gain time.
    fn clock(&self) -> bool;
    /// The data line's level.
    fn data(&self) -> bool;
    /// Waits half a clock period.
    fn pause(&mut self);
}

/// How often the clock's level is looked at before a stretched clock is an error.
const STRETCH: u32 = 100_000;

/// A bus master on two lines.
pub struct BitBang<L>(L);

impl<L: Lines> BitBang<L> {
    /// Takes the lines and releases them.
    pub fn new(mut lines: L) -> Self {
        lines.set_data(true);
        lines.set_clock(true);
        Self(lines)
    }

    fn rise(&mut self) -> Result<(), ErrorKind> {
        self.0.set_clock(true);
        self.0.pause();
        for _ in 0..STRETCH {
            if self.0.clock() {
                return Ok(());
            }
        }
        Err(ErrorKind::Bus)
    }

    fn fall(&mut self) {
        self.0.set_clock(false);
        self.0.pause();
    }

    fn start(&mut self) -> Result<(), ErrorKind> {
        self.0.set_data(true);
        self.rise()?;
        if !self.0.data() {
            return Err(ErrorKind::ArbitrationLoss);
        }
        self.0.set_data(false);
        self.0.pause();
        self.fall();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), ErrorKind> {
        self.0.set_data(false);
        self.0.pause();
        self.rise()?;
        self.0.set_data(true);
        self.0.pause();
        Ok(())
    }

    fn put_bit(&mut self, bit: bool) -> Result<(), ErrorKind> {
        self.0.set_data(bit);
        self.rise()?;
        self.fall();
        Ok(())
    }

    fn get_bit(&mut self) -> Result<bool, ErrorKind> {
        self.0.set_data(true);
        self.rise()?;
        let bit = self.0.data();
        self.fall();
        Ok(bit)
    }

    /// Sends a byte; false when nobody acknowledged it.
    fn put(&mut self, byte: u8) -> Result<bool, ErrorKind> {
        for index in (0..8).rev() {
            self.put_bit(byte >> index & 1 == 1)?;
        }
        Ok(!self.get_bit()?)
    }

    fn get(&mut self, more: bool) -> Result<u8, ErrorKind> {
        let mut byte = 0;
        for _ in 0..8 {
            byte = byte << 1 | u8::from(self.get_bit()?);
        }
        self.put_bit(!more)?;
        Ok(byte)
    }

    fn address(&mut self, address: u8, read: bool) -> Result<(), ErrorKind> {
        self.start()?;
        match self.put(address << 1 | u8::from(read))? {
            true => Ok(()),
            false => Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)),
        }
    }

    fn run(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let mut reading = None;
        let count = operations.len();
        for index in 0..count {
            let read = matches!(operations[index], Operation::Read(_));
            if reading != Some(read) {
                self.address(address, read)?;
                reading = Some(read);
            }
            let read_follows =
                index + 1 < count && matches!(operations[index + 1], Operation::Read(_));
            match &mut operations[index] {
                Operation::Write(bytes) => {
                    for byte in bytes.iter() {
                        if !self.put(*byte)? {
                            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data));
                        }
                    }
                }
                Operation::Read(bytes) => {
                    let last = bytes.len();
                    for (place, byte) in bytes.iter_mut().enumerate() {
                        *byte = self.get(place + 1 < last || read_follows)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl<L: Lines> ErrorType for BitBang<L> {
    type Error = ErrorKind;
}

impl<L: Lines> I2c<SevenBitAddress> for BitBang<L> {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        let done = self.run(address, operations);
        let stopped = self.stop();
        done.and(stopped)
    }
}
