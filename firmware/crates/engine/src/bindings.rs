//! Generated from `wit/`: the host's side of world `petiole:host/scheduled`.
#![allow(missing_docs, clippy::undocumented_unsafe_blocks)]

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "petiole:host/scheduled",
    imports: { default: trappable },
    with: {
        "wasi:i2c/i2c.i2c": crate::state::Handle,
        "wasi:gpio/digital.output-pin": crate::state::Handle,
        "wasi:gpio/digital.stateful-output-pin": crate::state::Handle,
        "wasi:gpio/digital.input-pin": crate::state::Handle,
    },
});
