//! The engine settings that a compiled artifact and the board that runs it must share.
//!
//! A board loads an artifact only when it was compiled with the very same settings; [`PROFILE`] names them in one
//! line, and [`CLASS_ID`] is the line's fingerprint (formats, section 3). `petiole-aot` and `petiole-engine` both call
//! [`configure`], so the two sides cannot drift apart.
#![no_std]

use wasmtime::Config;

/// Lists settings once: as the text that is hashed into the profile, and as calls on [`Config`].
macro_rules! settings {
    ($($name:ident($value:literal)),* $(,)?) => {
        /// The shared settings as text, one `name=value` a line.
        pub const SETTINGS: &str = concat!($(stringify!($name), "=", stringify!($value), "\n"),*);

        /// Applies the shared settings.
        ///
        /// The target itself is not among them: the compiler names it ([`TARGET`]), a board must not.
        pub fn configure(config: &mut Config) {
            $(config.$name($value);)*
        }
    };
}

settings! {
    consume_fuel(true),
    wasm_custom_page_sizes(true),
    wasm_simd(false),
    wasm_relaxed_simd(false),
    memory_may_move(false),
    memory_reservation(0),
    memory_guard_size(0),
    memory_init_cow(false),
    signals_based_traps(false),
    table_lazy_init(false),
    concurrency_support(false),
    debug_symbols(false),
}

/// The target that board artifacts are compiled for: Wasmtime's portable bytecode for 32-bit machines.
pub const TARGET: &str = "pulley32";

/// The profile's name: host world, engine, target and the first 8 hex digits of SHA-256 over [`SETTINGS`].
pub const PROFILE: &str = "petiole:host@0.1.0 wasmtime-48 pulley32 a7329630";

/// UUIDv5 of [`PROFILE`] in the namespace of the vendor id; published by boards and signed into each bundle.
pub const CLASS_ID: [u8; 16] = [
    0x66, 0xef, 0xc7, 0x0c, 0xd6, 0xa4, 0x5d, 0xbd, 0x86, 0x52, 0xa0, 0x2f, 0x14, 0x99, 0x78, 0x33,
];

/// UUIDv5 of `urn:petiole` in the URL namespace: the vendor of every Petiole bundle.
pub const VENDOR_ID: [u8; 16] = [
    0x86, 0x55, 0x37, 0xf5, 0xc3, 0x1a, 0x53, 0x23, 0xa1, 0xc3, 0x6e, 0xc0, 0x71, 0x21, 0x66, 0x7e,
];

#[cfg(test)]
mod tests;
