use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{LONGEST_NAME, LONGEST_TEXT, meter, send};
use crate::{Level, Limits, Port, TelemetryError, Value};

#[derive(Default)]
struct Kept(Vec<String>);

impl Port for Kept {
    fn log(&mut self, _: Level, _: &str, _: &str) {}

    fn telemetry(&mut self, name: &str, _: &str, _: Value<'_>) -> Result<(), TelemetryError> {
        self.0.push(name.to_owned());
        Ok(())
    }

    fn now(&self) -> u64 {
        0
    }
}

fn try_send(name: &str, unit: &str, value: Value<'_>) -> Result<(), TelemetryError> {
    send(
        &mut Kept::default(),
        &mut meter(&Limits::default(), 0),
        name,
        unit,
        value,
    )
}

#[test]
fn names_are_those_of_senml() {
    for name in [
        "temperature",
        "a",
        "0",
        "room.1/air:t_x-y",
        &"n".repeat(LONGEST_NAME),
    ] {
        assert_eq!(try_send(name, "Cel", Value::Number(1.0)), Ok(()), "{name}");
    }
    for name in [
        "",
        "-t",
        ".t",
        "t t",
        "grad°",
        &"n".repeat(LONGEST_NAME + 1),
    ] {
        assert_eq!(
            try_send(name, "Cel", Value::Number(1.0)),
            Err(TelemetryError::Invalid),
            "{name}"
        );
    }
}

#[test]
fn units_and_values_are_checked() {
    assert_eq!(try_send("t", "", Value::Boolean(true)), Ok(()));
    assert_eq!(try_send("t", "m/s2", Value::Number(0.0)), Ok(()));
    assert_eq!(
        try_send("t", "m s", Value::Number(0.0)),
        Err(TelemetryError::Invalid)
    );
    assert_eq!(
        try_send("t", "", Value::Number(f64::NAN)),
        Err(TelemetryError::Invalid)
    );
    assert_eq!(
        try_send("t", "", Value::Text(&"x".repeat(LONGEST_TEXT))),
        Ok(())
    );
    assert_eq!(
        try_send("t", "", Value::Text(&"x".repeat(LONGEST_TEXT + 1))),
        Err(TelemetryError::Invalid)
    );
}

#[test]
fn the_limit_holds() {
    let limits = Limits {
        telemetry: 100,
        ..Limits::default()
    };
    let (mut kept, mut meter) = (Kept::default(), meter(&limits, 0));
    assert_eq!(
        send(&mut kept, &mut meter, "a", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut kept, &mut meter, "b", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut kept, &mut meter, "c", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut kept, &mut meter, "d", "", Value::Boolean(true)),
        Err(TelemetryError::RateLimited)
    );
    assert_eq!(kept.0, ["a", "b", "c"]);
}
