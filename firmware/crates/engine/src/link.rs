//! Links what is granted, and nothing else.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use petiole_interfaces::Grants;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker};

use crate::error::load_error;
use crate::hosts::{
    Item, clocks, config, edges, gpio, i2c, key_value, messages, plain, pwm, random, spi, waits,
};
use crate::state::State;
use crate::{Guest, LoadError, peer};

/// Every interface that a board has, by the full name of its import, and what it consists of.
pub const INTERFACES: &[(&str, &[Item])] = &[
    ("wasi:logging/logging@0.1.0-draft", plain::LOGGING),
    ("wasi:io/poll@0.2.0", waits::POLL),
    ("wasi:clocks/monotonic-clock@0.2.0", clocks::MONOTONIC),
    ("wasi:clocks/wall-clock@0.2.0", clocks::WALL),
    (
        "petiole:clock/synchronization@0.1.0",
        clocks::SYNCHRONIZATION,
    ),
    ("wasi:random/random@0.2.0", random::ITEMS),
    ("wasi:config/store@0.2.0-rc.1", config::ITEMS),
    ("wasi:keyvalue/store@0.2.0-draft", key_value::STORE),
    ("wasi:keyvalue/atomics@0.2.0-draft", key_value::ATOMICS),
    ("wasi:i2c/i2c@0.2.0-draft", i2c::ITEMS),
    ("petiole:i2c/buses@0.1.0", i2c::BUSES),
    ("wasi:spi/spi@0.2.0-draft", spi::ITEMS),
    ("wasi:gpio/types@0.2.0", &[]),
    ("wasi:gpio/digital@0.2.0", gpio::ITEMS),
    ("wasi:gpio/digital-async@0.2.0", edges::ITEMS),
    ("wasi:gpio/pwm@0.2.0", pwm::ITEMS),
    ("wasmcloud:messaging/types@0.2.0", &[]),
    ("wasmcloud:messaging/consumer@0.2.0", messages::CONSUMER),
    ("petiole:telemetry/telemetry@0.1.0", plain::TELEMETRY),
];

/// How an import is satisfied.
pub enum Source {
    /// By the board.
    Board(&'static [Item]),
    /// By the workload's component with this place in the list of peers.
    Peer(usize, ComponentInstance),
}

/// Ends an artifact that names the interfaces it imports from a board, one a line; before it stands how many bytes that is (u32).
const IMPORTS: &[u8; 8] = b"imports\0";

/// The imports that an artifact names by itself, where they take no RAM. Others are among the component's types.
fn named(code: &[u8]) -> Option<&str> {
    let (code, end) = code.split_last_chunk()?;
    let (code, length) = code.split_last_chunk()?;
    let names = code
        .len()
        .checked_sub(u32::from_le_bytes(*length) as usize)?;
    let names = code.get(names..).filter(|_| end == IMPORTS)?;
    core::str::from_utf8(names).ok()
}

/// Checks every import of the component before anything is linked; `code` is the artifact that it was made of.
pub fn check(
    component: &Component,
    code: &[u8],
    grants: &Grants,
    peers: &[&str],
) -> Result<Vec<(String, Source)>, LoadError> {
    let engine = component.engine();
    let kind = component.component_type();
    let mut sources = Vec::new();
    let named = named(code).unwrap_or_default().lines();
    let typed = kind
        .imports(engine)
        .map(|(import, item)| (import, Some(item.ty)));
    for (import, item) in named.map(|import| (import, None)).chain(typed) {
        if !grants.allows(import) {
            return Err(LoadError::NotGranted(import.to_string()));
        }
        let board = INTERFACES.iter().find(|(name, _)| *name == import);
        let source = match (board, item) {
            (Some((_, items)), _) => Source::Board(items),
            (None, Some(ComponentItem::ComponentInstance(interface))) => {
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
    code: &[u8],
    grants: &Grants,
    peers: &[(&str, &Guest)],
) -> Result<(), LoadError> {
    let names: Vec<&str> = peers.iter().map(|(name, _)| *name).collect();
    for (import, source) in check(component, code, grants, &names)? {
        match source {
            Source::Board(items) => {
                let mut instance = linker.instance(&import).map_err(load_error)?;
                for item in items {
                    item.define(&mut instance).map_err(load_error)?;
                }
            }
            Source::Peer(at, interface) => {
                let (name, guest) = peers[at];
                peer::link(linker, &import, &interface, &(name, guest.mailbox.clone()))?;
            }
        }
    }
    Ok(())
}
