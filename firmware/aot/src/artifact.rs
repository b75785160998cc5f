//! Leaves out of a compiled artifact what no board looks at.
//!
//! | Section | Why it is shortened |
//! |---|---|
//! | `.symtab`, `.strtab` | empty; left out |
//! | `.wasmtime.engine` | names compiler flags one by one; the board profile (formats, section 3) stands for them all |
//! | `.wasmtime.info` | see [`crate::metadata`] |
//! | `.wasmtime.addrmap` | has every instruction; those that can neither trap nor call are left out |
//!
//! Behind it stand the names of the interfaces that it imports from a board, which reads them where they lie.
//!
//! The loader checks what is left as it checks a whole artifact; a test loads and runs one.

use std::collections::BTreeSet;

use wasmtime_environ::obj::{ELF_WASM_ENGINE, ELF_WASMTIME_ADDRMAP, ELF_WASMTIME_INFO};
use wasmtime_environ::object::LittleEndian as LE;
use wasmtime_environ::object::elf::{FileHeader64, SHT_NOBITS, SHT_NULL, SectionHeader64};
use wasmtime_environ::object::pod::bytes_of;
use wasmtime_environ::object::read::elf::{FileHeader, SectionHeader};
use wasmtime_environ::object::{U16, U32, U64};

use crate::address_map;
use crate::error::Error;
use crate::metadata::settle;
use crate::wiring::Shortcut;

/// Ends an artifact; before it stand the interfaces of boards that it imports, one a line, and how many bytes that is (u32).
const IMPORTS: &[u8; 8] = b"imports\0";

/// The artifact without what no board looks at; `stops` are the offsets in the component at which code can stop, and
/// `compiled` is the component that was compiled.
pub fn slim(
    artifact: &[u8],
    stops: &BTreeSet<u32>,
    compiled: &[u8],
    shortcut: Option<&Shortcut>,
) -> Result<Vec<u8>, Error> {
    let header = FileHeader64::<LE>::parse(artifact).map_err(broken)?;
    let sections = header.sections(LE, artifact).map_err(broken)?;
    let mut out = Vec::from(bytes_of(header));
    let mut names = vec![0];
    let mut headers = Vec::new();
    let mut imports = Vec::new();
    for section in sections.iter() {
        let name = sections.section_name(LE, section).map_err(broken)?;
        let name = std::str::from_utf8(name).map_err(broken)?;
        if matches!(name, ".symtab" | ".strtab" | ".shstrtab") {
            continue;
        }
        let data = section.data(LE, artifact).map_err(broken)?;
        let data = match name {
            ELF_WASM_ENGINE => without_flags(data)?,
            ELF_WASMTIME_INFO => {
                let (section, names) = settle(data, compiled, shortcut)?;
                imports = names;
                section
            }
            ELF_WASMTIME_ADDRMAP => address_map::keep(data, stops)?,
            _ => data.to_vec(),
        };
        headers.push(place(&mut out, &mut names, section, name, &data));
    }
    let strings = sections
        .section_by_name(LE, b".shstrtab")
        .ok_or_else(|| broken("no names of sections"))?
        .1;
    names.extend_from_slice(b".shstrtab\0");
    let mut header_of_names = *strings;
    header_of_names.sh_name = U32::new(LE, names.len() as u32 - 10);
    header_of_names.sh_offset = U64::new(LE, out.len() as u64);
    header_of_names.sh_size = U64::new(LE, names.len() as u64);
    out.extend_from_slice(&names);
    headers.push(header_of_names);
    let mut header = *header;
    header.e_shoff = U64::new(LE, out.len() as u64);
    header.e_shnum = U16::new(LE, headers.len() as u16);
    header.e_shstrndx = U16::new(LE, headers.len() as u16 - 1);
    headers
        .iter()
        .for_each(|header| out.extend_from_slice(bytes_of(header)));
    out[..size_of_val(&header)].copy_from_slice(bytes_of(&header));
    let imports = imports.join("\n");
    out.extend_from_slice(imports.as_bytes());
    out.extend_from_slice(&(imports.len() as u32).to_le_bytes());
    out.extend_from_slice(IMPORTS);
    Ok(out)
}

/// Writes one section's contents; its header for where it is now.
fn place(
    out: &mut Vec<u8>,
    names: &mut Vec<u8>,
    section: &SectionHeader64<LE>,
    name: &str,
    data: &[u8],
) -> SectionHeader64<LE> {
    let mut header = *section;
    let kind = section.sh_type(LE);
    if kind == SHT_NULL {
        return header;
    }
    let alignment = usize::try_from(section.sh_addralign(LE))
        .unwrap_or(1)
        .max(1);
    out.resize(out.len().next_multiple_of(alignment), 0);
    header.sh_name = U32::new(LE, names.len() as u32);
    names.extend_from_slice(name.as_bytes());
    names.push(0);
    header.sh_offset = U64::new(LE, out.len() as u64);
    if kind != SHT_NOBITS {
        header.sh_size = U64::new(LE, data.len() as u64);
        out.extend_from_slice(data);
    }
    header
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!(
        "the compiler made an artifact of another shape: {error}"
    ))
}

/// The engine section: format byte, length and text of the version, then by `postcard` the target's name, two lists of flags, and
/// settings that stay. A flag is its name and a value: 0 text, 1 number, 2 truth.
fn without_flags(data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut rest = data;
    let mut take = |count: usize| -> Result<&[u8], Error> {
        let (taken, left) = rest
            .split_at_checked(count)
            .ok_or_else(|| broken("the engine section is too short"))?;
        rest = left;
        Ok(taken)
    };
    let version = usize::from(take(2)?[1]);
    take(version)?;
    // Every length here is below 128, which is one byte.
    let target = usize::from(take(1)?[0]);
    take(target)?;
    let head = 3 + version + target;
    for _ in 0..2 {
        for _ in 0..take(1)?[0] {
            let name = usize::from(take(1)?[0]);
            take(name)?;
            if take(1)?[0] == 0 {
                let text = usize::from(take(1)?[0]);
                take(text)?;
            } else {
                take(1)?;
            }
        }
    }
    Ok([&data[..head], &[0, 0], rest].concat())
}
