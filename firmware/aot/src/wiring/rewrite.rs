//! Writes the component without the detour: sections that name what moves are written anew, all others stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    CanonicalFunctionSection, CodeSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentInstanceSection, ComponentSectionId, ExportKind,
    ExportSection, Function, FunctionSection, InstanceSection, MemorySection, MemoryType, Module,
    ModuleSection, RawSection, TypeSection, ValType,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ExternalKind, Parser, Payload,
};

use super::Detour;
use super::outline::{CoreFunc, CoreInstance, Func, Outline};

/// The component with a stand-in in place of the shim, and without the fixup.
pub fn rewrite(component: &[u8], outline: &Outline<'_>, detour: &Detour) -> Option<Vec<u8>> {
    let mut rewriting = Rewriting {
        outline,
        detour,
        out: Component::new(),
        moved: Moved::default(),
        counts: Counts::default(),
    };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.ok()?;
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ if depth == 1 => rewriting.section(component, payload)?,
            _ => {}
        }
    }
    Some(rewriting.out.finish())
}

/// Where definitions are now, by where they were.
#[derive(Default)]
struct Moved {
    core_instances: Vec<u32>,
    core_funcs: Vec<u32>,
    memories: Vec<u32>,
    funcs: Vec<u32>,
}

/// How many definitions were written.
#[derive(Default)]
struct Counts {
    modules: u32,
    core_instances: u32,
    core_funcs: u32,
    memories: u32,
    funcs: u32,
}

/// The next index, and one more written.
fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count - 1
}

impl Reencode for Moved {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        let moved = self.core_funcs.get(function as usize);
        moved.copied().ok_or(Error::CanonicalizedHeapTypeReference)
    }

    fn memory_index(&mut self, memory: u32) -> Result<u32, Error<Infallible>> {
        let moved = self.memories.get(memory as usize);
        moved.copied().ok_or(Error::CanonicalizedHeapTypeReference)
    }
}

impl ReencodeComponent for Moved {
    fn component_func_index(&mut self, function: u32) -> u32 {
        self.funcs.get(function as usize).copied().unwrap_or(GONE)
    }

    fn instance_index(&mut self, instance: u32) -> u32 {
        self.core_instances
            .get(instance as usize)
            .copied()
            .unwrap_or(GONE)
    }
}

/// The index of what is not there any more; whatever still names it does not pass the compiler's check.
const GONE: u32 = u32::MAX;

struct Rewriting<'a> {
    outline: &'a Outline<'a>,
    detour: &'a Detour,
    out: Component,
    moved: Moved,
    counts: Counts,
}

impl Rewriting<'_> {
    fn section(&mut self, component: &[u8], payload: Payload<'_>) -> Option<()> {
        match payload {
            Payload::ModuleSection {
                unchecked_range: range,
                ..
            } => {
                let module = next(&mut self.counts.modules);
                if module == self.detour.shim_module {
                    self.out.section(&ModuleSection(&stand_in(self.detour)));
                } else if module != self.detour.fixup_module {
                    let data = component.get(range.start as usize..range.end as usize)?;
                    self.out.section(&RawSection {
                        id: ComponentSectionId::CoreModule.into(),
                        data,
                    });
                }
            }
            Payload::ComponentSection {
                unchecked_range: range,
                ..
            } => {
                let data = component.get(range.start as usize..range.end as usize)?;
                self.out.section(&RawSection {
                    id: ComponentSectionId::Component.into(),
                    data,
                });
            }
            Payload::InstanceSection(section) => self.core_instances(section)?,
            Payload::ComponentAliasSection(section) => self.aliases(section)?,
            Payload::ComponentCanonicalSection(section) => self.canonicals(section)?,
            Payload::ComponentInstanceSection(section) => {
                let mut instances = ComponentInstanceSection::new();
                self.moved
                    .parse_component_instance_section(&mut instances, section)
                    .ok()?;
                self.out.section(&instances);
            }
            Payload::ComponentExportSection(section) => {
                let mut exports = ComponentExportSection::new();
                for export in section {
                    let export = export.ok()?;
                    let is_func = export.kind == ComponentExternalKind::Func;
                    self.moved
                        .parse_component_export(&mut exports, export)
                        .ok()?;
                    if is_func {
                        self.moved.funcs.push(next(&mut self.counts.funcs));
                    }
                }
                self.out.section(&exports);
            }
            other => {
                if let Payload::ComponentImportSection(section) = &other {
                    for import in section.clone() {
                        if let wasmparser::ComponentTypeRef::Func(_) = import.ok()?.ty {
                            self.moved.funcs.push(next(&mut self.counts.funcs));
                        }
                    }
                }
                let (id, range) = other.as_section()?;
                let data = component.get(range.start as usize..range.end as usize)?;
                self.out.section(&RawSection { id, data });
            }
        }
        Some(())
    }

    fn core_instances(&mut self, section: wasmparser::InstanceSectionReader<'_>) -> Option<()> {
        let mut instances = InstanceSection::new();
        for instance in section {
            let at = self.moved.core_instances.len() as u32;
            if at == self.detour.fixup_instance || self.only_for_fixup(at) {
                self.moved.core_instances.push(GONE);
                continue;
            }
            if at == self.detour.shim_instance {
                instances.instantiate(
                    self.detour.shim_module,
                    Vec::<(&str, wasm_encoder::ModuleArg)>::new(),
                );
            } else {
                self.moved
                    .parse_instance(&mut instances, instance.ok()?)
                    .ok()?;
            }
            self.moved
                .core_instances
                .push(next(&mut self.counts.core_instances));
        }
        self.out.section(&instances);
        Some(())
    }

    /// Whether a core instance is there to be given to the fixup.
    fn only_for_fixup(&self, instance: u32) -> bool {
        let given = |at: usize| match &self.outline.core_instances[at] {
            CoreInstance::Module(_, given) => given.values().any(|given| *given == instance),
            CoreInstance::Bundle(_) => false,
        };
        instance != self.detour.shim_instance
            && given(self.detour.fixup_instance as usize)
            && !given(self.detour.main_instance as usize)
    }

    fn aliases(&mut self, section: wasmparser::ComponentAliasSectionReader<'_>) -> Option<()> {
        let mut aliases = ComponentAliasSection::new();
        for alias in section {
            let alias = alias.ok()?;
            let at = self.moved.core_funcs.len();
            match alias {
                ComponentAlias::CoreInstanceExport {
                    kind,
                    instance_index,
                    ..
                } if instance_index == self.detour.shim_instance => {
                    if kind != ExternalKind::Func {
                        continue;
                    }
                    if *self.detour.real.first_key_value()?.0 as usize == at {
                        self.out.section(&aliases);
                        aliases = ComponentAliasSection::new();
                        self.lower_all()?;
                    }
                    // Lowered in this order, and the last ones that were written.
                    let before = self.detour.real.range(..at as u32).count();
                    let first = self.counts.core_funcs - self.detour.real.len() as u32;
                    self.moved.core_funcs.push(first + before as u32);
                    continue;
                }
                ComponentAlias::CoreInstanceExport {
                    kind: ExternalKind::Func,
                    ..
                } => {
                    self.moved
                        .core_funcs
                        .push(next(&mut self.counts.core_funcs));
                }
                ComponentAlias::CoreInstanceExport {
                    kind: ExternalKind::Memory,
                    ..
                } => {
                    self.moved.memories.push(next(&mut self.counts.memories));
                }
                ComponentAlias::InstanceExport {
                    kind: ComponentExternalKind::Func,
                    ..
                } => {
                    self.moved.funcs.push(next(&mut self.counts.funcs));
                }
                ComponentAlias::InstanceExport { .. } => {}
                _ => return None,
            }
            aliases.alias(self.moved.component_alias(alias).ok()?);
        }
        self.out.section(&aliases);
        Some(())
    }

    /// Lowers what the shim stood for, tied to the stand-in.
    fn lower_all(&mut self) -> Option<()> {
        let stand_in = self.moved.core_instances[self.detour.shim_instance as usize];
        let mut aliases = ComponentAliasSection::new();
        let mut export = |kind, name: &str| {
            aliases.alias(wasm_encoder::Alias::CoreInstanceExport {
                instance: stand_in,
                kind,
                name,
            });
        };
        export(ExportKind::Memory, &self.detour.memory);
        let memory = next(&mut self.counts.memories);
        let mut allocators = BTreeMap::new();
        for name in &self.detour.allocators {
            export(ExportKind::Func, name);
            allocators.insert(name.as_str(), next(&mut self.counts.core_funcs));
        }
        let mut lowered = Vec::new();
        for real in self.detour.real.values() {
            let CoreFunc::Lower(func, options) = &self.outline.core_funcs[*real as usize] else {
                return None;
            };
            let func = match self.outline.funcs[*func as usize] {
                Func::Export(instance, name) => {
                    let kind = ComponentExportKind::Func;
                    aliases.alias(wasm_encoder::Alias::InstanceExport {
                        instance,
                        kind,
                        name,
                    });
                    next(&mut self.counts.funcs)
                }
                Func::Imported => *self.moved.funcs.get(*func as usize)?,
                Func::Lifted => return None,
            };
            lowered.push((func, options));
        }
        self.out.section(&aliases);
        let mut functions = CanonicalFunctionSection::new();
        for (func, options) in lowered {
            let options = options.iter().map(|option| {
                Some(match option {
                    wasmparser::CanonicalOption::Memory(_) => {
                        wasm_encoder::CanonicalOption::Memory(memory)
                    }
                    wasmparser::CanonicalOption::Realloc(function) => {
                        let name = self
                            .outline
                            .export_of(*function, self.detour.main_instance)?;
                        wasm_encoder::CanonicalOption::Realloc(*allocators.get(name)?)
                    }
                    _ => wasm_encoder::CanonicalOption::UTF8,
                })
            });
            functions.lower(func, options.collect::<Option<Vec<_>>>()?);
            next(&mut self.counts.core_funcs);
        }
        self.out.section(&functions);
        Some(())
    }

    fn canonicals(
        &mut self,
        section: wasmparser::ComponentCanonicalSectionReader<'_>,
    ) -> Option<()> {
        let mut functions = CanonicalFunctionSection::new();
        let replaced: BTreeSet<u32> = self.detour.real.values().copied().collect();
        for function in section {
            let function = function.ok()?;
            if matches!(function, CanonicalFunction::Lift { .. }) {
                self.moved
                    .parse_component_canonical(&mut functions, function)
                    .ok()?;
                self.moved.funcs.push(next(&mut self.counts.funcs));
            } else if replaced.contains(&(self.moved.core_funcs.len() as u32)) {
                self.moved.core_funcs.push(GONE);
            } else {
                self.moved
                    .parse_component_canonical(&mut functions, function)
                    .ok()?;
                self.moved
                    .core_funcs
                    .push(next(&mut self.counts.core_funcs));
            }
        }
        self.out.section(&functions);
        Some(())
    }
}

/// A module with an empty memory and allocators, under the names that the main module has for them.
fn stand_in(detour: &Detour) -> Module {
    let mut module = Module::new();
    let (mut types, mut functions, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export(&detour.memory, ExportKind::Memory, 0);
    for (at, name) in detour.allocators.iter().enumerate() {
        functions.function(0);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
        exports.export(name, ExportKind::Func, at as u32);
    }
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module
}
