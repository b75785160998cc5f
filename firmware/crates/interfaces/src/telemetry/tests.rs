use super::{LONGEST_NAME, LONGEST_TEXT, meter, send};
use crate::double::Recorder;
use crate::{Limits, TelemetryError, Value};

fn try_send(name: &str, unit: &str, value: Value<'_>) -> Result<(), TelemetryError> {
    send(
        &mut Recorder::new().0,
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
    let ((mut port, heard), mut meter) = (Recorder::new(), meter(&limits, 0));
    assert_eq!(
        send(&mut port, &mut meter, "a", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut port, &mut meter, "b", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut port, &mut meter, "c", "", Value::Boolean(true)),
        Ok(())
    );
    assert_eq!(
        send(&mut port, &mut meter, "d", "", Value::Boolean(true)),
        Err(TelemetryError::RateLimited)
    );
    let heard = heard.borrow();
    assert!(
        heard
            .truths
            .iter()
            .map(|(name, _)| name)
            .eq(["a", "b", "c"])
    );
    assert_eq!(heard.breaches, [("telemetry-bytes-per-hour", 100)]);
}
