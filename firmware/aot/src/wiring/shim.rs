//! The shim: each of its functions hands its parameters on through one place of the table that it exports.

use std::collections::BTreeMap;

use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload};

/// The name of the exported table.
pub const TABLE: &str = "$imports";

/// The exported functions and their places in the table; none if the module is anything else.
pub fn read(module: &[u8]) -> Option<BTreeMap<&str, u32>> {
    let (mut exports, mut places, mut has_table) = (BTreeMap::new(), Vec::new(), false);
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    match export.kind {
                        ExternalKind::Func => {
                            exports.insert(export.name, export.index as usize);
                        }
                        ExternalKind::Table if export.name == TABLE => has_table = true,
                        _ => return None,
                    }
                }
            }
            Payload::CodeSectionEntry(body) => places.push(place(&body)?),
            Payload::ImportSection(_)
            | Payload::StartSection { .. }
            | Payload::MemorySection(_)
            | Payload::GlobalSection(_)
            | Payload::ElementSection(_)
            | Payload::DataSection(_) => return None,
            _ => {}
        }
    }
    let of_functions = exports
        .into_iter()
        .map(|(name, at)| Some((name, *places.get(at)?)));
    let exports: BTreeMap<_, _> = of_functions.collect::<Option<_>>()?;
    (has_table && !exports.is_empty()).then_some(exports)
}

/// The place in the table that a body calls with the parameters as they are.
fn place(body: &FunctionBody<'_>) -> Option<u32> {
    let mut operators = body.get_operators_reader().ok()?;
    let mut parameter = 0;
    loop {
        match operators.read().ok()? {
            Operator::LocalGet { local_index } if local_index == parameter => parameter += 1,
            Operator::I32Const { value } => {
                let call = operators.read().ok()?;
                let is_call = matches!(call, Operator::CallIndirect { table_index: 0, .. });
                let ends = matches!(operators.read().ok()?, Operator::End) && operators.eof();
                return (is_call && ends).then_some(u32::try_from(value).ok()?);
            }
            _ => return None,
        }
    }
}
