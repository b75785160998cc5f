//! Whether a function that cleans up after a call has nothing to do when the call went well.
//!
//! It is run step by step with all it can know: the result's first byte, which says that it is a good one. A function that gets to
//! its end so, without a store, a loop or anything else that is not understood here, does nothing then.

use wasmparser::{BlockType, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Calls within each other that are followed.
const DEPTH: usize = 4;

/// Whether function `index` of a core module, given the place of a result that is `ok`, changes nothing.
pub fn is_idle_when_ok(module: &[u8], index: u32) -> bool {
    Code::read(module)
        .is_some_and(|code| code.run(index, vec![Value::Result], 0) == Some(Vec::new()))
}

/// What is known about a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Known(u32),
    /// The place of the result.
    Result,
    Unknown,
}

/// A core module's functions.
struct Code<'a> {
    /// Number of parameters and results, by type.
    types: Vec<(usize, usize)>,
    /// Type of each function.
    functions: Vec<u32>,
    imported: usize,
    bodies: Vec<FunctionBody<'a>>,
}

/// A block that is being run: where it ends, and how high the stack was.
struct Block {
    end: usize,
    height: usize,
}

impl<'a> Code<'a> {
    fn read(module: &'a [u8]) -> Option<Self> {
        let mut code = Self {
            types: Vec::new(),
            functions: Vec::new(),
            imported: 0,
            bodies: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::TypeSection(section) => {
                    for function in section.into_iter_err_on_gc_types() {
                        let function = function.ok()?;
                        code.types
                            .push((function.params().len(), function.results().len()));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Func(kind) = import.ok()?.ty {
                            code.functions.push(kind);
                            code.imported += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for kind in section {
                        code.functions.push(kind.ok()?);
                    }
                }
                Payload::CodeSectionEntry(body) => code.bodies.push(body),
                _ => {}
            }
        }
        Some(code)
    }

    /// What the function gives back; none if it does something, or something that is not understood.
    fn run(&self, index: u32, arguments: Vec<Value>, depth: usize) -> Option<Vec<Value>> {
        let (parameters, results) = *self
            .types
            .get(*self.functions.get(index as usize)? as usize)?;
        let body = self
            .bodies
            .get((index as usize).checked_sub(self.imported)?)?;
        if depth > DEPTH || arguments.len() != parameters {
            return None;
        }
        let mut locals = arguments;
        for local in body.get_locals_reader().ok()? {
            let (count, _) = local.ok()?;
            let count = usize::try_from(count).ok().filter(|count| *count < 100)?;
            locals.resize(locals.len() + count, Value::Known(0));
        }
        let operators = body.get_operators_reader().ok()?.into_iter();
        let operators = operators.collect::<Result<Vec<_>, _>>().ok()?;
        let mut stack = Vec::new();
        let mut blocks = vec![Block {
            end: operators.len().checked_sub(1)?,
            height: 0,
        }];
        let mut at = 0;
        while let Some(operator) = operators.get(at) {
            let mut leave = None;
            match *operator {
                Operator::Nop => {}
                Operator::Drop => {
                    stack.pop()?;
                }
                Operator::LocalGet { local_index } => {
                    stack.push(*locals.get(local_index as usize)?)
                }
                Operator::LocalSet { local_index } => {
                    *locals.get_mut(local_index as usize)? = stack.pop()?;
                }
                Operator::LocalTee { local_index } => {
                    *locals.get_mut(local_index as usize)? = *stack.last()?;
                }
                Operator::I32Const { value } => stack.push(Value::Known(value as u32)),
                Operator::I32Load8U { memarg } if *stack.last()? == Value::Result => {
                    stack.pop();
                    let is_case = memarg.offset == 0;
                    stack.push(if is_case {
                        Value::Known(0)
                    } else {
                        Value::Unknown
                    });
                }
                Operator::I32Load { .. } if stack.pop()? == Value::Result => {
                    stack.push(Value::Unknown)
                }
                Operator::I32Eqz => {
                    let Value::Known(value) = stack.pop()? else {
                        return None;
                    };
                    stack.push(Value::Known((value == 0).into()));
                }
                Operator::I32Eq | Operator::I32Ne | Operator::I32And => {
                    let (Value::Known(right), Value::Known(left)) = (stack.pop()?, stack.pop()?)
                    else {
                        return None;
                    };
                    stack.push(Value::Known(match operator {
                        Operator::I32Eq => (left == right).into(),
                        Operator::I32Ne => (left != right).into(),
                        _ => left & right,
                    }));
                }
                Operator::Block {
                    blockty: BlockType::Empty,
                } => blocks.push(Block {
                    end: end(&operators, at)?,
                    height: stack.len(),
                }),
                Operator::If {
                    blockty: BlockType::Empty,
                } => {
                    let Value::Known(condition) = stack.pop()? else {
                        return None;
                    };
                    let end = end(&operators, at)?;
                    blocks.push(Block {
                        end,
                        height: stack.len(),
                    });
                    if condition == 0 {
                        at = otherwise(&operators, at, end);
                        continue;
                    }
                }
                Operator::Else => leave = Some(0),
                Operator::End => {
                    blocks.pop()?;
                }
                Operator::Br { relative_depth } => leave = Some(relative_depth),
                Operator::BrIf { relative_depth } => match stack.pop()? {
                    Value::Known(0) => {}
                    Value::Known(_) => leave = Some(relative_depth),
                    _ => return None,
                },
                Operator::BrTable { ref targets } => {
                    let Value::Known(case) = stack.pop()? else {
                        return None;
                    };
                    let target = targets.targets().nth(case as usize);
                    leave = Some(target.transpose().ok()?.unwrap_or(targets.default()));
                }
                Operator::Return => leave = Some(blocks.len().checked_sub(1)? as u32),
                Operator::Call { function_index } => {
                    let kind = *self.functions.get(function_index as usize)?;
                    let (parameters, _) = *self.types.get(kind as usize)?;
                    let first = stack.len().checked_sub(parameters)?;
                    let arguments = stack.split_off(first);
                    stack.extend(self.run(function_index, arguments, depth + 1)?);
                }
                _ => return None,
            }
            at += 1;
            if let Some(outer) = leave {
                let target = blocks.len().checked_sub(outer as usize + 1)?;
                blocks.truncate(target + 1);
                let block = blocks.last()?;
                if target > 0 {
                    stack.truncate(block.height);
                }
                at = block.end;
            }
        }
        let first = stack.len().checked_sub(results)?;
        Some(stack.split_off(first))
    }
}

/// Where the block that begins at `start` ends.
fn end(operators: &[Operator<'_>], start: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, operator) in operators.iter().enumerate().skip(start) {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth -= 1,
            Operator::TryTable { .. } => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where a condition that does not hold goes on: behind its `else`, or at its end.
fn otherwise(operators: &[Operator<'_>], start: usize, end: usize) -> usize {
    let mut depth = 0;
    for (at, operator) in operators.iter().enumerate().take(end).skip(start) {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth -= 1,
            Operator::Else if depth == 1 => return at + 1,
            _ => {}
        }
    }
    end
}
