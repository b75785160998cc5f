use embedded_hal::i2c::{
    Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

const ADDRESS: SevenBitAddress = 0x48;

/// The four registers behind the pointer (TMP105 data sheet, "Pointer Register").
const TEMPERATURE: u8 = 0;
const CONFIGURATION: u8 = 1;
const POINTER: u8 = 0b11;

/// An I2C bus with a model of a TMP105 at address 0x48, which senses always the same.
pub struct Tmp105 {
    pointer: u8,
    /// Temperature, configuration (one byte, the first), low limit, high limit.
    registers: [[u8; 2]; 4],
}

impl Tmp105 {
    /// A sensor after its reset, in `temperature` 1/256 degrees Celsius; it resolves 1/16.
    pub const fn new(temperature: i16) -> Self {
        let temperature = (temperature & !0xf).to_be_bytes();
        let limits = [[75, 0], [80, 0]];
        Self {
            pointer: TEMPERATURE,
            registers: [temperature, [0, 0], limits[0], limits[1]],
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let Some((pointer, data)) = bytes.split_first() else {
            return;
        };
        self.pointer = pointer & POINTER;
        let size = match self.pointer {
            TEMPERATURE => 0,
            CONFIGURATION => 1,
            _ => 2,
        };
        let register = &mut self.registers[usize::from(self.pointer)];
        register[..size]
            .iter_mut()
            .zip(data)
            .for_each(|(place, byte)| *place = *byte);
    }

    fn give(&self, bytes: &mut [u8]) {
        let register = self.registers[usize::from(self.pointer)].into_iter();
        for (place, byte) in bytes
            .iter_mut()
            .zip(register.chain(core::iter::repeat(0xff)))
        {
            *place = byte;
        }
    }
}

/// Nobody answers at the address.
#[derive(Debug)]
pub struct NobodyThere;

impl Error for NobodyThere {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
    }
}

impl ErrorType for Tmp105 {
    type Error = NobodyThere;
}

impl I2c for Tmp105 {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), NobodyThere> {
        if address != ADDRESS {
            return Err(NobodyThere);
        }
        for operation in operations {
            match operation {
                Operation::Write(bytes) => self.take(bytes),
                Operation::Read(bytes) => self.give(bytes),
            }
        }
        Ok(())
    }
}
