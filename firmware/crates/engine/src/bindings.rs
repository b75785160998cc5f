//! Generated from `wit/`: the host's side of what world `petiole:host/imports` names.
#![allow(missing_docs, clippy::undocumented_unsafe_blocks)]

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "petiole:host/imports",
    imports: {
        default: trappable,
        "wasi:io/poll.poll": async | trappable,
        "wasi:io/poll.[method]pollable.block": async | trappable,
        "wasmcloud:messaging/consumer.request": async | trappable,
    },
    with: {
        "wasi:i2c/i2c.i2c": crate::state::Handle,
        "wasi:gpio/digital.output-pin": crate::state::Handle,
        "wasi:gpio/digital.stateful-output-pin": crate::state::Handle,
        "wasi:gpio/digital.input-pin": crate::state::Handle,
        "wasi:gpio/digital-async.input-wait-pin": crate::state::Handle,
        "wasi:gpio/pwm.pwm-pin": crate::state::Handle,
        "wasi:io/poll.pollable": crate::state::Handle,
        "wasi:keyvalue/store.bucket": crate::state::Handle,
        "wasi:spi/spi.spi-device": crate::state::Handle,
    },
});
