//! Everything around the exports of a component: the bindings to the host, an allocator, a panic handler.
//!
//! ```text
//! #![no_std]
//! extern crate alloc;
//! use petiole_guest::{Handler, Level, log};
//!
//! struct Hello;
//!
//! impl Handler for Hello {
//!     fn run() -> Result<(), alloc::string::String> {
//!         log(Level::Info, "hello", "Hello from a component");
//!         Ok(())
//!     }
//! }
//!
//! petiole_guest::component!(Hello);
//! ```
//!
//! Each feature adds an export, and a trait that the component's type implements:
//!
//! | Feature | Trait | Called |
//! |---|---|---|
//! | `schedule` (default) | [`Handler`] | on a schedule |
//! | `edges` | `EdgeHandler` | when an input changes |
//! | `messages` | `MessageHandler` | with messages |
//! | `service` | `Service` | once, to stay |
//! | `http` | `Responder` | with HTTP requests, on edge hosts alone |
#![no_std]

#[cfg(feature = "embedded-hal")]
extern crate alloc;

mod arena;
mod exports;
#[cfg(feature = "embedded-hal")]
pub mod hal;

/// Bindings generated from `wit/`: the interfaces of world `petiole:host/imports`.
#[allow(missing_docs)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "petiole:host/imports",
        generate_all,
    });
}

/// Bindings of what edge hosts alone offer: the interfaces of world `petiole:host/edge-imports`.
#[cfg(feature = "edge")]
#[allow(missing_docs)]
pub mod edge {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "petiole:host/edge-imports",
        generate_all,
    });
}

pub use arena::Arena;
pub use bindings::petiole::clock::synchronization;
pub use bindings::petiole::i2c::buses;
pub use bindings::petiole::telemetry::telemetry;
pub use bindings::wasi::clocks::{monotonic_clock, wall_clock};
pub use bindings::wasi::config::store as config;
pub use bindings::wasi::gpio::{digital, digital_async, pwm};
pub use bindings::wasi::i2c::i2c;
pub use bindings::wasi::io::poll;
pub use bindings::wasi::keyvalue::{atomics, store as key_value};
pub use bindings::wasi::logging::logging::{Level, log};
pub use bindings::wasi::random::random;
pub use bindings::wasi::spi::spi;
pub use bindings::wasmcloud::messaging::consumer as messages;
#[cfg(any(
    feature = "schedule",
    feature = "edges",
    feature = "messages",
    feature = "service",
    feature = "http"
))]
pub use exports::*;

/// Makes a component of a type that implements the traits of its exports.
///
/// `component!(Type)` gives it a heap of 1 KiB, `component!(Type, heap: 4096)` one of another size: texts and lists
/// that pass between host and guest, and whatever the guest allocates, live there.
#[macro_export]
macro_rules! component {
    ($handler:ident) => {
        $crate::component!($handler, heap: 1024);
    };
    ($handler:ident, heap: $bytes:expr) => {
        #[global_allocator]
        static HEAP: $crate::Arena<{ $bytes }> = $crate::Arena::new();
        $crate::export_schedule!($handler);
        $crate::export_edges!($handler);
        $crate::export_messages!($handler);
        $crate::export_service!($handler);
        $crate::export_http!($handler);
    };
}

/// A panic is a trap: the host stops the component and reports it.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
