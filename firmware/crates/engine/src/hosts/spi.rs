//! `wasi:spi/spi` over [`petiole_interfaces::spi`].

use alloc::string::String;
use alloc::vec::Vec;

use embedded_hal::spi::ErrorKind;
use petiole_interfaces::Resource as Device;
use petiole_interfaces::room::Room;
use petiole_interfaces::spi::{Step, transaction};
use wasmtime::component::Resource;

use crate::bindings::wasi::spi::spi::{Error, Host, HostSpiDevice, Operation, OperationResult};
use crate::state::{Handle, State};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn other(text: &str) -> Error {
    Error::Other(text.into())
}

fn error(kind: ErrorKind) -> Error {
    match kind {
        ErrorKind::Overrun => Error::Overrun,
        ErrorKind::ModeFault => Error::ModeFault,
        ErrorKind::FrameFormat => Error::FrameFormat,
        ErrorKind::ChipSelectFault => Error::ChipSelectFault,
        _ => other("the device failed"),
    }
}

impl State {
    fn run(&mut self, device: &Resource<Handle>, steps: &mut [Step]) -> Result<(), Error> {
        let Some(Device::Spi(device)) = self.devices.at(device.rep()) else {
            return Err(other("not a device"));
        };
        let mut device = device.try_borrow_mut().map_err(|_| other("busy"))?;
        transaction(&mut *device, steps).map_err(error)
    }

    fn run_one(&mut self, device: &Resource<Handle>, step: Step) -> Result<Vec<u8>, Error> {
        let mut steps = [step];
        self.run(device, &mut steps)?;
        let [Step::Read(bytes) | Step::Transfer(bytes)] = steps else {
            return Ok(Vec::new());
        };
        Ok(bytes)
    }

    fn room(&self) -> Room {
        Room::new(self.limits.host_call_bytes)
    }
}

fn step(operation: Operation, room: &mut Room) -> Result<Step, Error> {
    Ok(match operation {
        Operation::Read(length) => Step::Read(buffer(length, room)?),
        Operation::Write(bytes) => Step::Write(bytes),
        Operation::Transfer(bytes) => Step::Transfer(bytes),
        Operation::DelayNs(ns) => Step::Delay(ns),
    })
}

fn buffer(length: u64, room: &mut Room) -> Result<Vec<u8>, Error> {
    room.take(length).ok_or_else(|| other("too long"))
}

impl Host for State {
    fn open(&mut self, label: String) -> Answer<Resource<Handle>> {
        Ok(match self.granted("wasi:spi/spi", &label) {
            Ok((place, Device::Spi(_))) => Ok(Resource::new_own(place)),
            Ok(_) => Err(other("no-such-label")),
            Err(text) => Err(other(text)),
        })
    }
}

impl HostSpiDevice for State {
    fn read(&mut self, device: Resource<Handle>, length: u64) -> Answer<Vec<u8>> {
        Ok(buffer(length, &mut self.room())
            .and_then(|buffer| self.run_one(&device, Step::Read(buffer))))
    }

    fn write(&mut self, device: Resource<Handle>, data: Vec<u8>) -> Answer<()> {
        Ok(self.run_one(&device, Step::Write(data)).map(drop))
    }

    fn transfer(&mut self, device: Resource<Handle>, data: Vec<u8>) -> Answer<Vec<u8>> {
        Ok(self.run_one(&device, Step::Transfer(data)))
    }

    fn transaction(
        &mut self,
        device: Resource<Handle>,
        operations: Vec<Operation>,
    ) -> Answer<Vec<OperationResult>> {
        let mut room = self.room();
        let mut steps = Vec::with_capacity(operations.len());
        for operation in operations {
            match step(operation, &mut room) {
                Ok(step) => steps.push(step),
                Err(error) => return Ok(Err(error)),
            }
        }
        let result = |step| match step {
            Step::Read(bytes) => OperationResult::Read(bytes),
            Step::Write(_) => OperationResult::Write,
            Step::Transfer(bytes) => OperationResult::Transfer(bytes),
            Step::Delay(_) => OperationResult::Delay,
        };
        Ok(self
            .run(&device, &mut steps)
            .map(|()| steps.into_iter().map(result).collect()))
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}
