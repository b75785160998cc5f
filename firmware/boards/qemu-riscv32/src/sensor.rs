//! The machine has no I2C bus: behind the label `i2c-env` is a model of a TMP105 at address 0x48, always at 21.5 °C.

use embedded_hal::i2c::{
    Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

const ADDRESS: SevenBitAddress = 0x48;
/// The temperature register: 1/256 degrees, the high byte first (TMP105 data sheet, "Temperature Register").
const TEMPERATURE: [u8; 2] = [21, 0x80];

/// The bus with the model on it.
pub struct ModelBus;

/// Nobody answers at the address.
#[derive(Debug)]
pub struct NobodyThere;

impl Error for NobodyThere {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
    }
}

impl ErrorType for ModelBus {
    type Error = NobodyThere;
}

impl I2c for ModelBus {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), NobodyThere> {
        if address != ADDRESS {
            return Err(NobodyThere);
        }
        for operation in operations {
            if let Operation::Read(bytes) = operation {
                for (byte, value) in bytes.iter_mut().zip(TEMPERATURE.into_iter().cycle()) {
                    *byte = value;
                }
            }
        }
        Ok(())
    }
}
