//! `wasi:spi/spi` over [`petiole_interfaces::spi`].

use alloc::string::String;
use alloc::vec::Vec;

use embedded_hal::spi::ErrorKind;
use petiole_interfaces::Resource as Device;
use petiole_interfaces::room::Room;
use petiole_interfaces::spi::{Step, transaction};
use wasmtime::component::Resource;

use super::item::{Item, answer};
use crate::bindings::wasi::spi::spi::{Error, Host, HostSpiDevice, Operation, OperationResult};
use crate::state::{Handle, State};
use crate::value::{self, Taken, Value};

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

impl From<Error> for Value {
    fn from(error: Error) -> Self {
        match error {
            Error::Overrun => Self::case(0, ()),
            Error::ModeFault => Self::case(1, ()),
            Error::FrameFormat => Self::case(2, ()),
            Error::ChipSelectFault => Self::case(3, ()),
            Error::Other(text) => Self::case(4, text),
        }
    }
}

impl From<OperationResult> for Value {
    fn from(result: OperationResult) -> Self {
        match result {
            OperationResult::Read(bytes) => Self::case(0, bytes),
            OperationResult::Write => Self::case(1, ()),
            OperationResult::Transfer(bytes) => Self::case(2, bytes),
            OperationResult::Delay => Self::case(3, ()),
        }
    }
}

fn operations(call: &mut Taken) -> wasmtime::Result<Vec<Operation>> {
    let mut all = call.many()?;
    let mut operations = Vec::new();
    while !all.is_empty() {
        operations.push(match all.case()? {
            (0, mut length) => Operation::Read(length.number()?),
            (1, mut bytes) => Operation::Write(bytes.bytes()?),
            (2, mut bytes) => Operation::Transfer(bytes.bytes()?),
            (3, mut ns) => Operation::DelayNs(ns.number()? as u32),
            _ => return Err(value::other()),
        });
    }
    Ok(operations)
}

pub const ITEMS: &[Item] = &[
    Item::Resource("spi-device", HostSpiDevice::drop),
    Item::Function("open", 2, |state, call| {
        answer(Host::open(state, call.text()?))
    }),
    Item::Function("[method]spi-device.read", 2, |state, call| {
        answer(HostSpiDevice::read(state, call.handle()?, call.number()?))
    }),
    Item::Function("[method]spi-device.write", 3, |state, call| {
        answer(HostSpiDevice::write(state, call.handle()?, call.bytes()?))
    }),
    Item::Function("[method]spi-device.transfer", 3, |state, call| {
        answer(HostSpiDevice::transfer(
            state,
            call.handle()?,
            call.bytes()?,
        ))
    }),
    Item::Function("[method]spi-device.transaction", 3, |state, call| {
        let device = call.handle()?;
        let results = HostSpiDevice::transaction(state, device, operations(call)?)?;
        answer(Ok(results.map(|results| {
            Value::many(results.into_iter().map(Into::into))
        })))
    }),
];
