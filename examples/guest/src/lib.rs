//! Everything around the handler of a component: the bindings to the host, an allocator, a panic handler.
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
#![no_std]

mod arena;

/// Bindings generated from `wit/`: the interfaces of world `petiole:host/scheduled`.
#[allow(missing_docs)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "scheduled",
        pub_export_macro: true,
        generate_all,
    });
}

pub use arena::Arena;
pub use bindings::exports::petiole::schedule::handler::Guest as Handler;
pub use bindings::petiole::i2c::buses;
pub use bindings::petiole::telemetry::telemetry;
pub use bindings::wasi::clocks::monotonic_clock;
pub use bindings::wasi::config::store as config;
pub use bindings::wasi::gpio::digital;
pub use bindings::wasi::i2c::i2c;
pub use bindings::wasi::logging::logging::{Level, log};

/// Makes a component of a type that implements [`Handler`].
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
        $crate::bindings::export!($handler with_types_in $crate::bindings);
    };
}

/// A panic is a trap: the host stops the component and reports it.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
