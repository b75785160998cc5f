//! Makes a component of a core module.

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::component::{Kind, invalid, kind};
use crate::error::Error;

/// Name prefix of the custom sections in which wit-bindgen leaves the component's type.
const TYPE_SECTION: &str = "component-type";

/// Wraps a core module into the component that its type sections describe; names and other notes of compilers are left out.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, Error> {
    if kind(module)? == Kind::Component {
        return Err(Error::IsComponent);
    }
    let bare = strip(module)?;
    let mut encoder = ComponentEncoder::default();
    encoder
        .module(&bare)
        .map_err(|error| Error::Invalid(format!("{error:#}")))?;
    encoder
        .validate(true)
        .encode()
        .map_err(|error| Error::Invalid(format!("{error:#}")))
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
