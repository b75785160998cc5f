//! Looks into a component without compiling it.

use wasmparser::{Parser, Payload};

use crate::error::Error;

/// What WebAssembly a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// Full names, sorted.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// Interfaces and functions the component needs.
    pub imports: Vec<String>,
    /// What it offers.
    pub exports: Vec<String>,
}

/// Tells a core module from a component.
pub fn kind(bytes: &[u8]) -> Result<Kind, Error> {
    if Parser::is_component(bytes) {
        Ok(Kind::Component)
    } else if Parser::is_core_wasm(bytes) {
        Ok(Kind::Module)
    } else {
        Err(Error::NotWebAssembly)
    }
}

/// Imports and exports of the outermost component.
pub fn names(bytes: &[u8]) -> Result<Names, Error> {
    if kind(bytes)? == Kind::Module {
        return Err(Error::IsModule);
    }
    let mut names = Names {
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names
                        .imports
                        .push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    names
                        .exports
                        .push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names.imports.sort();
    names.exports.sort();
    Ok(names)
}

/// The parser's words.
pub fn invalid(error: wasmparser::BinaryReaderError) -> Error {
    Error::Invalid(format!("broken WebAssembly: {error}"))
}
