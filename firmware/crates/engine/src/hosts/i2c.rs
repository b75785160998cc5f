//! `wasi:i2c/i2c` and `petiole:i2c/buses` over [`petiole_interfaces::i2c`].

use alloc::string::String;
use alloc::vec::Vec;

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource as Source};
use petiole_interfaces::Resource as Device;
use petiole_interfaces::i2c::{Step, transaction};
use wasmtime::component::Resource;

use super::item::{Item, answer};
use crate::bindings::petiole::i2c::buses;
use crate::bindings::wasi::i2c::i2c::{self, ErrorCode, NoAcknowledgeSource, Operation};
use crate::state::{Handle, State};
use crate::value::{self, Taken, Value};

type Answer<T> = wasmtime::Result<Result<T, ErrorCode>>;

impl State {
    fn transfer(
        &mut self,
        bus: &Resource<Handle>,
        address: u16,
        steps: &[Step<'_>],
    ) -> Answer<Vec<Vec<u8>>> {
        let Some(Device::I2c(bus)) = self.devices.at(bus.rep()) else {
            return Ok(Err(ErrorCode::Other));
        };
        let Ok(mut bus) = bus.try_borrow_mut() else {
            return Ok(Err(ErrorCode::Other));
        };
        Ok(transaction(&mut *bus, address, steps, self.limits.host_call_bytes).map_err(error_code))
    }

    fn read_once(
        &mut self,
        bus: &Resource<Handle>,
        address: u16,
        steps: &[Step<'_>],
    ) -> Answer<Vec<u8>> {
        let answer = self.transfer(bus, address, steps)?;
        Ok(answer.map(|mut reads| reads.pop().unwrap_or_default()))
    }
}

fn error_code(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::Bus => ErrorCode::Bus,
        ErrorKind::ArbitrationLoss => ErrorCode::ArbitrationLoss,
        ErrorKind::Overrun => ErrorCode::Overrun,
        ErrorKind::NoAcknowledge(source) => ErrorCode::NoAcknowledge(match source {
            Source::Address => NoAcknowledgeSource::Address,
            Source::Data => NoAcknowledgeSource::Data,
            Source::Unknown => NoAcknowledgeSource::Unknown,
        }),
        _ => ErrorCode::Other,
    }
}

impl buses::Host for State {
    fn open(
        &mut self,
        label: String,
    ) -> wasmtime::Result<Result<Resource<Handle>, buses::OpenError>> {
        if !self.grants.allows_label("wasi:i2c/i2c", &label) {
            return Ok(Err(buses::OpenError::NotGranted));
        }
        Ok(match self.devices.find(&label) {
            Some((place, Device::I2c(_))) => Ok(Resource::new_own(place)),
            _ => Err(buses::OpenError::NoSuchLabel),
        })
    }
}

impl i2c::Host for State {}

impl i2c::HostI2c for State {
    fn transaction(
        &mut self,
        bus: Resource<Handle>,
        address: u16,
        operations: Vec<Operation>,
    ) -> Answer<Vec<Vec<u8>>> {
        let step = |operation| match operation {
            &Operation::Read(length) => Step::Read(length),
            Operation::Write(bytes) => Step::Write(bytes),
        };
        self.transfer(
            &bus,
            address,
            &operations.iter().map(step).collect::<Vec<_>>(),
        )
    }

    fn read(&mut self, bus: Resource<Handle>, address: u16, length: u64) -> Answer<Vec<u8>> {
        self.read_once(&bus, address, &[Step::Read(length)])
    }

    fn write(&mut self, bus: Resource<Handle>, address: u16, data: Vec<u8>) -> Answer<()> {
        Ok(self
            .transfer(&bus, address, &[Step::Write(&data)])?
            .map(drop))
    }

    fn write_read(
        &mut self,
        bus: Resource<Handle>,
        address: u16,
        write: Vec<u8>,
        length: u64,
    ) -> Answer<Vec<u8>> {
        self.read_once(&bus, address, &[Step::Write(&write), Step::Read(length)])
    }

    fn drop(&mut self, _: Resource<Handle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl From<buses::OpenError> for Value {
    fn from(error: buses::OpenError) -> Self {
        Self::Number(error as u64)
    }
}

impl From<ErrorCode> for Value {
    fn from(error: ErrorCode) -> Self {
        match error {
            ErrorCode::Bus => Self::case(0, ()),
            ErrorCode::ArbitrationLoss => Self::case(1, ()),
            ErrorCode::NoAcknowledge(source) => Self::case(2, source as u32),
            ErrorCode::Overrun => Self::case(3, ()),
            ErrorCode::Other => Self::case(4, ()),
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
            _ => return Err(value::other()),
        });
    }
    Ok(operations)
}

pub const BUSES: &[Item] = &[Item::Function("open", 2, |state, call| {
    answer(buses::Host::open(state, call.text()?))
})];

pub const ITEMS: &[Item] = &[
    Item::Resource("i2c", i2c::HostI2c::drop),
    Item::Function("[method]i2c.transaction", 4, |state, call| {
        let (bus, address) = (call.handle()?, call.number()? as u16);
        let reads = i2c::HostI2c::transaction(state, bus, address, operations(call)?)?;
        answer(Ok(
            reads.map(|reads| Value::many(reads.into_iter().map(Value::Bytes)))
        ))
    }),
    Item::Function("[method]i2c.read", 3, |state, call| {
        let (bus, address) = (call.handle()?, call.number()? as u16);
        answer(i2c::HostI2c::read(state, bus, address, call.number()?))
    }),
    Item::Function("[method]i2c.write", 4, |state, call| {
        let (bus, address) = (call.handle()?, call.number()? as u16);
        answer(i2c::HostI2c::write(state, bus, address, call.bytes()?))
    }),
    Item::Function("[method]i2c.write-read", 5, |state, call| {
        let (bus, address, write) = (call.handle()?, call.number()? as u16, call.bytes()?);
        answer(i2c::HostI2c::write_read(
            state,
            bus,
            address,
            write,
            call.number()?,
        ))
    }),
];
