//! Makes a component of a core module.

use wasmparser::{ExportSectionReader, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::component::{Kind, invalid, kind};
use crate::error::Error;
use crate::leb128::unsigned;

/// Name prefix of the custom sections in which wit-bindgen leaves the component's type.
const TYPE_SECTION: &str = "component-type";

/// A component in two shapes that run the same.
pub struct Component {
    /// Without names and other notes of compilers: what is deployed.
    pub bare: Vec<u8>,
    /// With them, to look places up in.
    pub debug: Vec<u8>,
    /// Bytes of the core module without notes and types.
    pub core_size: usize,
}

/// Wraps a core module into the component that its type sections describe.
pub fn componentize(module: &[u8]) -> Result<Component, Error> {
    if kind(module)? == Kind::Component {
        return Err(Error::IsComponent);
    }
    let (bare, core_size) = strip(module)?;
    Ok(Component {
        bare: encode(&bare)?,
        debug: encode(module)?,
        core_size,
    })
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Error> {
    let invalid = |error| Error::Invalid(format!("{error:#}"));
    let mut encoder = ComponentEncoder::default();
    encoder.module(module).map_err(invalid)?;
    encoder.validate(true).encode().map_err(invalid)
}

/// The module without custom sections other than component types, and without exports that no component uses; and
/// its size without the types.
fn strip(module: &[u8]) -> Result<(Vec<u8>, usize), Error> {
    let mut bare = module[..8].to_vec();
    let mut types = 0;
    let mut start = bare.len();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(invalid)?;
        let Some((_, range)) = payload.as_section() else {
            continue;
        };
        let end = range.end as usize;
        match &payload {
            Payload::CustomSection(section) if section.name().starts_with(TYPE_SECTION) => {
                types += end - start;
                bare.extend_from_slice(&module[start..end]);
            }
            Payload::CustomSection(_) => {}
            Payload::ExportSection(exports) => export(&mut bare, module, exports.clone())?,
            _ => bare.extend_from_slice(&module[start..end]),
        }
        start = end;
    }
    match types {
        0 => Err(Error::NoWorld),
        _ => {
            let size = bare.len() - types;
            Ok((bare, size))
        }
    }
}

/// Names of linkers and of wit-bindgen's own: each function among them would cost the board two trampolines.
fn is_internal(name: &str) -> bool {
    name.starts_with("__") || name.starts_with("cabi_realloc_wit_bindgen")
}

/// Writes an export section without the internal names.
fn export(out: &mut Vec<u8>, module: &[u8], exports: ExportSectionReader<'_>) -> Result<(), Error> {
    let end = exports.range().end as usize;
    let mut entries: Vec<(usize, bool)> = Vec::new();
    for export in exports.into_iter_with_offsets() {
        let (offset, export) = export.map_err(invalid)?;
        entries.push((offset as usize, !is_internal(export.name)));
    }
    let ends = entries.iter().skip(1).map(|(start, _)| *start).chain([end]);
    let kept: Vec<&[u8]> = entries
        .iter()
        .zip(ends)
        .filter(|((_, keep), _)| *keep)
        .map(|((start, _), end)| &module[*start..end])
        .collect();
    const EXPORT_SECTION: u8 = 7;
    let mut contents = Vec::new();
    unsigned(&mut contents, kept.len() as u64);
    contents.extend(kept.concat());
    out.push(EXPORT_SECTION);
    unsigned(out, contents.len() as u64);
    out.extend(contents);
    Ok(())
}
