//! Finds the function and the source line of a place in a component, from what the compiler left in its debug file.

use addr2line::Context;
use gimli::{Dwarf, EndianSlice, LittleEndian};
use serde_json::{Value, json};

use crate::error::Error;
use crate::modules::{Module, modules};

/// A place in a component, as a board reports it (formats, section 6): either is enough.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Index of the function in its core module.
    pub function: Option<u32>,
    /// Offset of the instruction in the component's file.
    pub pc: Option<u32>,
}

/// What the place is in the source; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Index of the function in its core module.
    pub function: Option<u32>,
    /// The function's name in the source.
    pub name: Option<String>,
    /// Source file.
    pub file: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Column in it, from 1.
    pub column: Option<u32>,
}

impl Source {
    /// All fields, null where not known.
    pub fn json(&self) -> Value {
        json!({
            "function": self.function, "name": self.name,
            "file": self.file, "line": self.line, "column": self.column,
        })
    }

    /// `name at file:line:column`, as far as it is known.
    pub fn text(&self) -> String {
        let mut text = match (&self.name, self.function) {
            (Some(name), _) => name.clone(),
            (None, Some(index)) => format!("function {index}"),
            (None, None) => String::from("unknown function"),
        };
        if let Some(file) = &self.file {
            text += &format!(" at {file}");
            for number in [self.line, self.column].into_iter().flatten() {
                text += &format!(":{number}");
            }
        }
        text
    }
}

/// Looks a place of `component` up in `debug`, the same component with its notes (or in itself, when there is no other).
pub fn explain(component: &[u8], debug: Option<&[u8]>, place: Place) -> Result<Source, Error> {
    let deployed = modules(component)?;
    let debug = debug.unwrap_or(component);
    let noted = modules(debug)?;
    let code = |file: &[u8], module: &Module<'_>| file[module.code.clone()].to_vec();
    let matching = deployed.len() == noted.len()
        && deployed
            .iter()
            .zip(&noted)
            .all(|(one, other)| code(component, one) == code(debug, other));
    if !matching {
        return Err(Error::DebugMismatch);
    }
    let mut source = Source {
        function: place.function,
        ..Source::default()
    };
    let Some(pc) = place.pc.map(|pc| pc as usize) else {
        let of_function =
            |module: &&Module<'_>| place.function.is_some_and(|at| module.defines(at));
        source.name = noted
            .iter()
            .find(of_function)
            .and_then(|module| name(module, place.function));
        return Ok(source);
    };
    let at = deployed
        .iter()
        .position(|module| module.code.contains(&pc))
        .ok_or(Error::NoCodeAt(pc))?;
    source.function = deployed[at].function_at(pc);
    source.name = name(&noted[at], source.function);
    line(&noted[at], pc - deployed[at].code.start, &mut source)?;
    Ok(source)
}

fn name(module: &Module<'_>, function: Option<u32>) -> Option<String> {
    let name = module.names.get(&function?)?;
    Some(format!("{:#}", rustc_demangle::demangle(name)))
}

/// Whether a source file belongs to Rust itself: what was inlined from there says little about the guest.
fn is_in_toolchain(file: &str) -> bool {
    ["/rustc/", "/rustlib/src/"]
        .iter()
        .any(|folder| file.contains(folder))
}

/// The innermost line of the guest's own source. DWARF in WebAssembly counts from the beginning of the code section's contents.
fn line(module: &Module<'_>, offset: usize, source: &mut Source) -> Result<(), Error> {
    let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let data = module.debug.get(id.name()).copied().unwrap_or_default();
        Ok(EndianSlice::new(data, LittleEndian))
    };
    let broken = |error: gimli::Error| Error::Invalid(format!("broken debug information: {error}"));
    let dwarf = Dwarf::load(section).map_err(broken)?;
    let context = Context::from_dwarf(dwarf).map_err(broken)?;
    let frames = context.find_frames(offset as u64);
    let mut frames = frames.skip_all_loads().map_err(broken)?;
    while let Some(frame) = frames.next().map_err(broken)? {
        let Some(location) = frame.location else {
            continue;
        };
        let in_toolchain = location.file.is_some_and(is_in_toolchain);
        if source.file.is_some() && in_toolchain {
            continue;
        }
        source.file = location.file.map(String::from);
        source.line = location.line;
        source.column = location.column;
        if in_toolchain {
            continue;
        }
        if let Some(name) = frame
            .function
            .as_ref()
            .and_then(|name| name.raw_name().ok())
        {
            source.name = Some(format!("{:#}", rustc_demangle::demangle(&name)));
        }
        break;
    }
    Ok(())
}
