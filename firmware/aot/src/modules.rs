//! The core modules inside a component: where each lies, where its code begins, what its notes say.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::component::invalid;
use crate::error::Error;

/// One core module, with offsets in the file that holds it.
#[derive(Default)]
pub struct Module<'a> {
    /// Contents of the code section.
    pub code: Range<usize>,
    /// Functions that it imports; they have the first indices.
    pub imported: u32,
    /// Functions that it defines, in order.
    pub bodies: Vec<Range<usize>>,
    /// Names of functions by index, from the name section.
    pub names: HashMap<u32, &'a str>,
    /// DWARF sections by name.
    pub debug: HashMap<&'a str, &'a [u8]>,
}

impl Module<'_> {
    /// The index of the function whose body holds this offset in the file.
    pub fn function_at(&self, offset: usize) -> Option<u32> {
        let at = self.bodies.iter().position(|body| body.contains(&offset))?;
        Some(self.imported + u32::try_from(at).ok()?)
    }

    /// Whether it has this function.
    pub fn defines(&self, function: u32) -> bool {
        let defined = function.checked_sub(self.imported);
        defined.is_some_and(|at| (at as usize) < self.bodies.len())
    }
}

/// The core modules of a component, however deep, in the order of the file; a core module is its own only one.
pub fn modules(bytes: &[u8]) -> Result<Vec<Module<'_>>, Error> {
    let mut modules = Vec::new();
    let mut open: Vec<Option<Module<'_>>> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        if let Payload::Version { encoding, .. } = &payload {
            let is_module = *encoding == wasmparser::Encoding::Module;
            open.push(is_module.then(Module::default));
        } else if matches!(payload, Payload::End(_)) {
            modules.extend(open.pop().flatten());
        } else if let Some(Some(module)) = open.last_mut() {
            note(module, payload)?;
        }
    }
    Ok(modules)
}

fn note<'a>(module: &mut Module<'a>, payload: Payload<'a>) -> Result<(), Error> {
    match payload {
        Payload::ImportSection(section) => {
            for import in section.into_imports() {
                let import = import.map_err(invalid)?;
                if matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                    module.imported += 1;
                }
            }
        }
        Payload::CodeSectionStart { range, .. } => {
            module.code = range.start as usize..range.end as usize;
        }
        Payload::CodeSectionEntry(body) => {
            let range = body.range();
            module.bodies.push(range.start as usize..range.end as usize);
        }
        Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
            module.debug.insert(section.name(), section.data());
        }
        Payload::CustomSection(section) => {
            if let KnownCustom::Name(names) = section.as_known() {
                for part in names {
                    let Name::Function(functions) = part.map_err(invalid)? else {
                        continue;
                    };
                    for naming in functions {
                        let naming = naming.map_err(invalid)?;
                        module.names.insert(naming.index, naming.name);
                    }
                }
            }
        }
        _ => {}
    }
    Ok(())
}
