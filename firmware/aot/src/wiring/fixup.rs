//! The fixup: it imports the real functions and the shim's table, and puts them there.

use std::collections::BTreeMap;

use wasmparser::{ElementItems, ElementKind, Operator, Parser, Payload, TypeRef};

use super::shim::TABLE;

/// What goes into each place of the table: the function imported from a module under a name. None if the module does more.
pub fn read(module: &[u8]) -> Option<BTreeMap<u32, (&str, &str)>> {
    let (mut functions, mut places, mut has_table) = (Vec::new(), BTreeMap::new(), false);
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.ok()?;
                    match import.ty {
                        TypeRef::Func(_) => functions.push((import.module, import.name)),
                        TypeRef::Table(_) if import.name == TABLE => has_table = true,
                        _ => return None,
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element.ok()?;
                    let ElementKind::Active { offset_expr, .. } = element.kind else {
                        return None;
                    };
                    let Operator::I32Const { value } =
                        offset_expr.get_operators_reader().read().ok()?
                    else {
                        return None;
                    };
                    let ElementItems::Functions(items) = element.items else {
                        return None;
                    };
                    for (place, function) in items.into_iter().enumerate() {
                        let real = *functions.get(function.ok()? as usize)?;
                        places.insert(u32::try_from(value).ok()? + place as u32, real);
                    }
                }
            }
            Payload::StartSection { .. }
            | Payload::MemorySection(_)
            | Payload::GlobalSection(_)
            | Payload::ExportSection(_)
            | Payload::CodeSectionEntry(_)
            | Payload::DataSection(_) => return None,
            _ => {}
        }
    }
    (has_table && !places.is_empty()).then_some(places)
}
