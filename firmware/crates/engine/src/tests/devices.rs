use std::boxed::Box;
use std::cell::RefCell;
use std::format;
use std::string::String;
use std::vec::Vec;

use embedded_hal::digital::{ErrorKind as PinError, PinState};
use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource, Operation};
use petiole_interfaces::gpio::Output;
use petiole_interfaces::i2c::Bus;
use petiole_interfaces::{Device, Devices, Resource};

use super::{component, granted, load_on, run};
use crate::StopKind;

/// The address of the sensor.
pub const SENSOR: u8 = 0x48;

/// A sensor at 0x48 that answers each read with 21.5 degrees in the format of a TMP105.
#[derive(Default)]
pub struct Sensor {
    written: Vec<u8>,
}

impl Bus for Sensor {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        if address != 0x48 {
            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        }
        for operation in operations {
            match operation {
                Operation::Read(buffer) => buffer.copy_from_slice(&[21, 128][..buffer.len()]),
                Operation::Write(bytes) => self.written.extend_from_slice(bytes),
            }
        }
        Ok(())
    }
}

pub struct Light(PinState);

impl Output for Light {
    fn set(&mut self, state: PinState) -> Result<(), PinError> {
        self.0 = state;
        Ok(())
    }

    fn driven(&self) -> PinState {
        self.0
    }
}

pub fn board() -> (Devices, &'static RefCell<Sensor>, &'static RefCell<Light>) {
    let sensor = &*Box::leak(Box::new(RefCell::new(Sensor::default())));
    let light = &*Box::leak(Box::new(RefCell::new(Light(PinState::Low))));
    let table = Box::leak(Box::new([
        Device {
            label: "i2c-env",
            resource: Resource::I2c(sensor),
        },
        Device {
            label: "led",
            resource: Resource::Output(light),
        },
    ]));
    (Devices::new(table), sensor, light)
}

const I2C: &str = r#"
    (import "wasi:i2c/i2c@0.2.0-draft" (instance $i2c
        (export "i2c" (type $bus (sub resource)))
        (type $sources (enum "address" "data" "unknown"))
        (export "no-acknowledge-source" (type $source (eq $sources)))
        (type $codes (variant (case "bus") (case "arbitration-loss") (case "no-acknowledge" $source) (case "overrun")
            (case "other")))
        (export "error-code" (type $code (eq $codes)))
        (export "[method]i2c.write-read" (func (param "self" (borrow $bus)) (param "address" u16)
            (param "write" (list u8)) (param "read-len" u64) (result (result (list u8) (error $code)))))))
    (alias export $i2c "i2c" (type $bus))
    (import "petiole:i2c/buses@0.1.0" (instance $buses
        (alias outer 1 $bus (type $outer))
        (export "i2c" (type $bus (eq $outer)))
        (type $errors (enum "not-granted" "no-such-label"))
        (export "open-error" (type $error (eq $errors)))
        (export "open" (func (param "label" string) (result (result (own $bus) (error $error)))))))
    (core func $open (canon lower (func $buses "open") (memory (core memory $memory "memory"))))
    (core func $transfer (canon lower (func $i2c "[method]i2c.write-read") (memory (core memory $memory "memory"))
        (realloc (core func $memory "realloc"))))"#;

/// Opens the bus of the label in the data, reads two bytes at an address, and answers with an error that holds the
/// two bytes as text; a failure to open or to read is an error of 100 bytes and more, plus the code.
pub fn reader(label: &str, address: u8) -> String {
    let length = label.len();
    let body = format!(
        "(i32.store8 (i32.const 1024) (i32.const 1))
        (i32.store (i32.const 1028) (i32.const 0))
        (call $open (i32.const 0) (i32.const {length}) (i32.const 1040))
        (if (i32.load8_u (i32.const 1040)) (then
            (i32.store (i32.const 1032) (i32.add (i32.const 100) (i32.load8_u (i32.const 1044))))
            (return (i32.const 1024))))
        (call $transfer (i32.load (i32.const 1044)) (i32.const {address}) (i32.const 40) (i32.const 1) (i64.const 2)
            (i32.const 1056))
        (if (i32.load8_u (i32.const 1056)) (then
            (i32.store (i32.const 1032) (i32.add (i32.const 200) (i32.load8_u (i32.const 1060))))
            (return (i32.const 1024))))
        (i32.store (i32.const 1028) (i32.load (i32.const 1060)))
        (i32.store (i32.const 1032) (i32.load (i32.const 1064)))
        (i32.store8 (i32.load (i32.const 1060)) (i32.add (i32.const 44) (i32.load8_u (i32.load (i32.const 1060)))))
        (i32.store8 offset=1 (i32.load (i32.const 1060)) (i32.const 33))
        (i32.const 1024)"
    );
    let functions = [
        ("open", "(param i32 i32 i32)"),
        ("transfer", "(param i32 i32 i32 i32 i64 i32)"),
    ];
    component(I2C, &functions, label, &body)
}

/// What the reader's handler says on a board, with the bus granted under `labels`.
fn answer(text: &str, labels: &[&str]) -> (String, &'static RefCell<Sensor>) {
    let (devices, sensor, _) = board();
    let (guest, _) = load_on(
        devices,
        text,
        granted(&[("wasi:i2c/i2c@0.2.0-draft", labels)]),
    );
    let mut guest = guest.unwrap_or_else(|error| panic!("{error}"));
    (
        run(&mut guest)
            .expect("the handler answers")
            .result
            .expect_err("the reader's text"),
        sensor,
    )
}

#[test]
fn a_granted_bus_is_read_through() {
    let (text, sensor) = answer(&reader("i2c-env", 0x48), &["i2c-env"]);
    assert_eq!(text, "A!", "21 + 44 is A");
    assert_eq!(
        sensor.borrow().written,
        [0],
        "the register's number was written first"
    );
}

#[test]
fn a_label_outside_of_the_grant_does_not_open() {
    assert_eq!(
        answer(&reader("i2c-env", 0x48), &[]).0.len(),
        100,
        "not-granted"
    );
    assert_eq!(
        answer(&reader("i2c-env", 0x48), &["other"]).0.len(),
        100,
        "not-granted"
    );
}

#[test]
fn a_label_that_the_board_lacks_or_that_is_no_bus_does_not_open() {
    assert_eq!(
        answer(&reader("nothing", 0x48), &["nothing"]).0.len(),
        101,
        "no-such-label"
    );
    assert_eq!(
        answer(&reader("led", 0x48), &["led"]).0.len(),
        101,
        "no-such-label"
    );
}

#[test]
fn a_missing_sensor_is_an_error_of_the_guest_to_handle() {
    assert_eq!(
        answer(&reader("i2c-env", 0x49), &["i2c-env"]).0.len(),
        202,
        "no-acknowledge"
    );
}

const GPIO: &str = r#"
    (import "wasi:gpio/types@0.2.0" (instance $types
        (type $codes (variant (case "other" string)))
        (export "error-code" (type $code (eq $codes)))))
    (alias export $types "error-code" (type $code))
    (import "wasi:gpio/digital@0.2.0" (instance $digital
        (alias outer 1 $code (type $outer))
        (export "error-code" (type $code (eq $outer)))
        (export "stateful-output-pin" (type $pin (sub resource)))
        (export "open-stateful-output" (func (param "name" string) (result (result (own $pin) (error $code)))))
        (export "[method]stateful-output-pin.toggle" (func (param "self" (borrow $pin))
            (result (result (error $code)))))))
    (core func $open (canon lower (func $digital "open-stateful-output") (memory (core memory $memory "memory"))
        (realloc (core func $memory "realloc"))))
    (core func $toggle (canon lower (func $digital "[method]stateful-output-pin.toggle") (memory (core memory $memory "memory"))
        (realloc (core func $memory "realloc"))))"#;

#[test]
fn a_granted_pin_toggles_until_the_handles_are_used_up() {
    let body = "(call $open (i32.const 0) (i32.const 3) (i32.const 1040))
        (call $toggle (i32.load (i32.const 1044)) (i32.const 1056))
        (i32.store8 (i32.const 1024) (i32.const 0)) (i32.const 1024)";
    let functions = [
        ("open", "(param i32 i32 i32)"),
        ("toggle", "(param i32 i32)"),
    ];
    let (devices, _, light) = board();
    let deployment = granted(&[("wasi:gpio/digital@0.2.0", &["led"])]);
    let handles = deployment.limits.handles;
    let (guest, _) = load_on(
        devices,
        &component(GPIO, &functions, "led", body),
        deployment,
    );
    let mut guest = guest.unwrap_or_else(|error| panic!("{error}"));
    for call in 0..handles {
        assert_eq!(run(&mut guest).expect("a good call").result, Ok(()));
        assert_eq!(
            light.borrow().0,
            if call % 2 == 0 {
                PinState::High
            } else {
                PinState::Low
            }
        );
    }
    let stop = run(&mut guest).expect_err("the handler never gives a handle back");
    assert_eq!(
        (stop.kind, stop.kind.label()),
        (StopKind::Handles, "handles")
    );
}
