//! The map from compiled code to the component's file (`.wasmtime.addrmap`), shortened to what a post-mortem can name.
//!
//! Format: number of entries and of blocks (u32 each), for each block its first offset in the code and the position of its body
//! (u32 each), then the bodies: for each entry LEB128 of `(distance in the code << 1) | without position`, and signed
//! LEB128 of the position's distance; the first position of a block is unsigned and whole.

use std::collections::BTreeSet;

use wasmparser::{Operator, Parser, Payload};
use wasmtime_environ::{FilePos, iterate_address_map};

use crate::component::invalid;
use crate::error::Error;
use crate::leb128::{signed, unsigned};

/// Entries in one block.
const BLOCK: usize = 128;

/// The map with the entries whose position is one of `stops`.
pub fn keep(map: &[u8], stops: &BTreeSet<u32>) -> Result<Vec<u8>, Error> {
    let entries = iterate_address_map(map).ok_or_else(|| {
        Error::Invalid("the compiler made an address map of another shape".into())
    })?;
    let mut kept: Vec<(u32, u32)> = Vec::new();
    for (offset, position) in entries {
        let Some(position) = FilePos::file_offset(position) else {
            continue;
        };
        let repeated = kept.last().is_some_and(|(_, last)| *last == position);
        if stops.contains(&position) && !repeated {
            kept.push((offset, position));
        }
    }
    Ok(encode(&kept))
}

fn encode(entries: &[(u32, u32)]) -> Vec<u8> {
    let blocks: Vec<_> = entries.chunks(BLOCK).collect();
    let mut index = Vec::new();
    let mut bodies = Vec::new();
    for block in &blocks {
        let (mut offset, mut position) = (block[0].0, None::<u32>);
        index.extend_from_slice(&offset.to_le_bytes());
        index.extend_from_slice(&(bodies.len() as u32).to_le_bytes());
        for entry in *block {
            unsigned(&mut bodies, u64::from(entry.0 - offset) << 1);
            match position {
                None => unsigned(&mut bodies, u64::from(entry.1)),
                Some(last) => signed(&mut bodies, i64::from(entry.1) - i64::from(last)),
            }
            (offset, position) = (entry.0, Some(entry.1));
        }
    }
    let counts = [entries.len() as u32, blocks.len() as u32];
    let head = counts.map(u32::to_le_bytes).concat();
    [head, index, bodies].concat()
}

/// The offsets in a component's file at which its code can stop: where functions begin (stack and fuel), and every instruction that
/// may trap, call or count fuel.
pub fn stops(component: &[u8]) -> Result<BTreeSet<u32>, Error> {
    let mut stops = BTreeSet::new();
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CodeSectionEntry(body) = payload.map_err(invalid)? else {
            continue;
        };
        let mut operators = body.get_operators_reader().map_err(invalid)?;
        stops.insert(body.range().start as u32);
        stops.insert(operators.original_position() as u32);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset().map_err(invalid)?;
            if !is_calm(&operator) {
                stops.insert(offset as u32);
            }
        }
    }
    Ok(stops)
}

/// Whether an instruction always goes on. Those not listed are taken for ones that may stop.
fn is_calm(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Block { .. }
            | O::If { .. }
            | O::Else
            | O::End
            | O::Nop
            | O::Br { .. }
            | O::BrIf { .. }
            | O::BrTable { .. }
            | O::Return
            | O::Drop
            | O::Select
            | O::LocalGet { .. }
            | O::LocalSet { .. }
            | O::LocalTee { .. }
            | O::GlobalGet { .. }
            | O::GlobalSet { .. }
            | O::MemorySize { .. }
            | O::I32Const { .. }
            | O::I64Const { .. }
            | O::F32Const { .. }
            | O::F64Const { .. }
            | O::I32Eqz
            | O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I64Eqz
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I32Clz
            | O::I32Ctz
            | O::I32Add
            | O::I32Sub
            | O::I32Mul
            | O::I32And
            | O::I32Or
            | O::I32Xor
            | O::I32Shl
            | O::I32ShrS
            | O::I32ShrU
            | O::I64Add
            | O::I64Sub
            | O::I64Mul
            | O::I64And
            | O::I64Or
            | O::I64Xor
            | O::I64Shl
            | O::I64ShrS
            | O::I64ShrU
            | O::I32WrapI64
            | O::I64ExtendI32S
            | O::I64ExtendI32U
    )
}
