//! Links what is granted, and nothing else.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use petiole_interfaces::Grants;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::{petiole, wasi, wasmcloud};
use crate::error::load_error;
use crate::state::State;
use crate::{Guest, LoadError, peer};

/// Defines one interface.
pub type Add = fn(&mut Linker<State>) -> wasmtime::Result<()>;

/// Every interface that a board has, by the full name of its import.
pub const INTERFACES: &[(&str, Add)] = &[
    ("wasi:logging/logging@0.1.0-draft", |linker| {
        wasi::logging::logging::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:io/poll@0.2.0", |linker| {
        wasi::io::poll::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:clocks/monotonic-clock@0.2.0", |linker| {
        wasi::clocks::monotonic_clock::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:clocks/wall-clock@0.2.0", |linker| {
        wasi::clocks::wall_clock::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("petiole:clock/synchronization@0.1.0", |linker| {
        petiole::clock::synchronization::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:random/random@0.2.0", |linker| {
        wasi::random::random::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:config/store@0.2.0-rc.1", |linker| {
        wasi::config::store::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:keyvalue/store@0.2.0-draft", |linker| {
        wasi::keyvalue::store::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:keyvalue/atomics@0.2.0-draft", |linker| {
        wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:i2c/i2c@0.2.0-draft", |linker| {
        wasi::i2c::i2c::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("petiole:i2c/buses@0.1.0", |linker| {
        petiole::i2c::buses::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:spi/spi@0.2.0-draft", |linker| {
        wasi::spi::spi::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/types@0.2.0", |linker| {
        wasi::gpio::types::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/digital@0.2.0", |linker| {
        wasi::gpio::digital::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/digital-async@0.2.0", |linker| {
        wasi::gpio::digital_async::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasi:gpio/pwm@0.2.0", |linker| {
        wasi::gpio::pwm::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasmcloud:messaging/types@0.2.0", |linker| {
        wasmcloud::messaging::types::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("wasmcloud:messaging/consumer@0.2.0", |linker| {
        wasmcloud::messaging::consumer::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
    ("petiole:telemetry/telemetry@0.1.0", |linker| {
        petiole::telemetry::telemetry::add_to_linker::<_, HasSelf<_>>(linker, itself)
    }),
];

fn itself(state: &mut State) -> &mut State {
    state
}

/// How an import is satisfied.
pub enum Source {
    /// By the board.
    Board(Add),
    /// By the workload's component with this place in the list of peers.
    Peer(usize, ComponentInstance),
}

/// Checks every import of the component before anything is linked.
pub fn check(
    component: &Component,
    grants: &Grants,
    peers: &[&str],
) -> Result<Vec<(String, Source)>, LoadError> {
    let engine = component.engine();
    let kind = component.component_type();
    let mut sources = Vec::new();
    for (import, item) in kind.imports(engine) {
        if !grants.allows(import) {
            return Err(LoadError::NotGranted(import.to_string()));
        }
        let board = INTERFACES.iter().find(|(name, _)| *name == import);
        let source = match (board, item.ty) {
            (Some((_, add)), _) => Source::Board(*add),
            (None, ComponentItem::ComponentInstance(interface)) => {
                let unversioned = import.split('@').next().unwrap_or(import);
                let peer = peers
                    .iter()
                    .position(|peer| grants.allows_label(unversioned, peer))
                    .ok_or_else(|| LoadError::UnknownImport(import.to_string()))?;
                peer::check(engine, import, &interface)?;
                Source::Peer(peer, interface)
            }
            _ => return Err(LoadError::UnknownImport(import.to_string())),
        };
        sources.push((import.to_string(), source));
    }
    Ok(sources)
}

/// Defines every import in the linker, or refuses one.
pub fn link(
    linker: &mut Linker<State>,
    component: &Component,
    grants: &Grants,
    peers: &[(&str, &Guest)],
) -> Result<(), LoadError> {
    let names: Vec<&str> = peers.iter().map(|(name, _)| *name).collect();
    for (import, source) in check(component, grants, &names)? {
        match source {
            Source::Board(add) => add(linker).map_err(load_error)?,
            Source::Peer(at, interface) => {
                let (name, guest) = peers[at];
                peer::link(linker, &import, &interface, &(name, guest.mailbox.clone()))?;
            }
        }
    }
    Ok(())
}
