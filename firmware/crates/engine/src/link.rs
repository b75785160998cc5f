//! Links what is granted, and nothing else.

use alloc::string::ToString;
use alloc::vec::Vec;

use petiole_interfaces::Grants;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::LoadError;
use crate::bindings::{petiole, wasi};
use crate::state::State;

type Add = fn(&mut Linker<State>) -> wasmtime::Result<()>;

/// Every interface that a board has, by the full name of its import.
const INTERFACES: &[(&str, Add)] = &[
    ("wasi:logging/logging@0.1.0-draft", |linker| {
        wasi::logging::logging::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:clocks/monotonic-clock@0.2.0", |linker| {
        wasi::clocks::monotonic_clock::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:config/store@0.2.0-rc.1", |linker| {
        wasi::config::store::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:i2c/i2c@0.2.0-draft", |linker| {
        wasi::i2c::i2c::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("petiole:i2c/buses@0.1.0", |linker| {
        petiole::i2c::buses::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/types@0.2.0", |linker| {
        wasi::gpio::types::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/digital@0.2.0", |linker| {
        wasi::gpio::digital::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("petiole:telemetry/telemetry@0.1.0", |linker| {
        petiole::telemetry::telemetry::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
];

fn itself(state: &mut State) -> &mut State {
    state
}

/// Checks every import of the component before anything is linked.
pub fn check(component: &Component, grants: &Grants) -> Result<Vec<Add>, LoadError> {
    let kind = component.component_type();
    let mut granted = Vec::new();
    for (import, _) in kind.imports(component.engine()) {
        if !grants.allows(import) {
            return Err(LoadError::NotGranted(import.to_string()));
        }
        match INTERFACES.iter().find(|(name, _)| *name == import) {
            Some((_, add)) => granted.push(*add),
            None => return Err(LoadError::UnknownImport(import.to_string())),
        }
    }
    Ok(granted)
}
