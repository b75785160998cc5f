//! Makes a component of a core module.

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::component::{Kind, invalid, kind};
use crate::error::Error;

/// Name prefix of the custom sections in which wit-bindgen leaves the component's type.
const TYPE_SECTION: &str = "component-type";

/// A component in two shapes that run the same.
pub struct Component {
    /// Without names and other notes of compilers: what is deployed.
    pub bare: Vec<u8>,
    /// With them, to look places up in.
    pub debug: Vec<u8>,
    /// Bytes of the core module without notes.
    pub core_size: usize,
}

/// Wraps a core module into the component that its type sections describe.
pub fn componentize(module: &[u8]) -> Result<Component, Error> {
    if kind(module)? == Kind::Component {
        return Err(Error::IsComponent);
    }
    let bare = strip(module)?;
    Ok(Component {
        bare: encode(&bare)?,
        debug: encode(module)?,
        core_size: bare.len(),
    })
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Error> {
    let invalid = |error| Error::Invalid(format!("{error:#}"));
    let mut encoder = ComponentEncoder::default();
    encoder.module(module).map_err(invalid)?;
    encoder.validate(true).encode().map_err(invalid)
}

/// The module without custom sections other than component types.
fn strip(module: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bare = module[..8].to_vec();
    let mut typed = false;
    let mut start = bare.len();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(invalid)?;
        let Some((_, range)) = payload.as_section() else {
            continue;
        };
        let end = range.end as usize;
        let keep = match &payload {
            Payload::CustomSection(section) => section.name().starts_with(TYPE_SECTION),
            _ => true,
        };
        typed |= matches!(payload, Payload::CustomSection(_)) && keep;
        if keep {
            bare.extend_from_slice(&module[start..end]);
        }
        start = end;
    }
    if typed { Ok(bare) } else { Err(Error::NoWorld) }
}
