//! The definitions of a component, outermost only, as far as its wiring goes.

use std::collections::BTreeMap;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentType,
    ComponentTypeRef, ExternalKind, Instance, Parser, Payload,
};

/// A core function.
pub enum CoreFunc<'a> {
    /// Exported by a core instance under a name.
    Export(u32, &'a str),
    /// A function of the component model, lowered.
    Lower(u32, Box<[CanonicalOption]>),
    /// Something the engine does.
    Builtin,
}

/// A function of the component model.
#[derive(Clone, Copy)]
pub enum Func<'a> {
    /// Exported by an instance under a name.
    Export(u32, &'a str),
    /// Imported as it is.
    Imported,
    /// Made of a core function, or something that is exported.
    Lifted,
}

/// A core instance.
pub enum CoreInstance<'a> {
    /// A module, and the instances that it is given by name.
    Module(u32, BTreeMap<&'a str, u32>),
    /// Core functions by name; other things are left out.
    Bundle(BTreeMap<&'a str, u32>),
}

/// Definitions by index, each kind counted for itself.
#[derive(Default)]
pub struct Outline<'a> {
    pub modules: Vec<&'a [u8]>,
    pub core_instances: Vec<CoreInstance<'a>>,
    pub core_funcs: Vec<CoreFunc<'a>>,
    pub funcs: Vec<Func<'a>>,
    /// Core memories: instance and name.
    pub memories: Vec<(u32, &'a str)>,
    /// Core functions that are lifted, or used by a function that is.
    pub lifted: Vec<u32>,
}

impl<'a> Outline<'a> {
    /// The instance of a module, if there is exactly one.
    pub fn only_instance_of(&self, module: u32) -> Option<u32> {
        let mut of_it = self
            .core_instances
            .iter()
            .enumerate()
            .filter_map(|(at, instance)| match instance {
                CoreInstance::Module(made_of, _) if *made_of == module => Some(at as u32),
                _ => None,
            });
        let only = of_it.next()?;
        of_it.next().is_none().then_some(only)
    }

    /// The module that a core instance is one of.
    pub fn module_of(&self, instance: u32) -> Option<u32> {
        match self.core_instances.get(instance as usize)? {
            CoreInstance::Module(module, _) => Some(*module),
            CoreInstance::Bundle(_) => None,
        }
    }

    /// The name under which this core instance exports a core function.
    pub fn export_of(&self, function: u32, instance: u32) -> Option<&'a str> {
        match self.core_funcs.get(function as usize)? {
            CoreFunc::Export(of, name) if *of == instance => Some(name),
            _ => None,
        }
    }
}

/// The outline; none for a component with parts that no wiring of `wit-component` has.
pub fn read(component: &[u8]) -> Option<Outline<'_>> {
    let mut outline = Outline::default();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.ok()?;
        match &payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ModuleSection { .. } if depth > 1 => return None,
            _ => {}
        }
        if depth == 1 {
            outline.note(component, payload)?;
        }
    }
    Some(outline)
}

impl<'a> Outline<'a> {
    fn note(&mut self, component: &'a [u8], payload: Payload<'a>) -> Option<()> {
        match payload {
            Payload::ModuleSection {
                unchecked_range: range,
                ..
            } => {
                self.modules
                    .push(component.get(range.start as usize..range.end as usize)?);
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.core_instance(instance.ok()?);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(alias.ok()?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    self.canonical(function.ok()?);
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    match import.ok()?.ty {
                        ComponentTypeRef::Func(_) => self.funcs.push(Func::Imported),
                        ComponentTypeRef::Module(_) => return None,
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    if export.ok()?.kind == ComponentExternalKind::Func {
                        self.funcs.push(Func::Lifted);
                    }
                }
            }
            Payload::ComponentTypeSection(section) => {
                for kind in section {
                    if let ComponentType::Resource { .. } = kind.ok()? {
                        return None;
                    }
                }
            }
            Payload::ComponentStartSection { .. } => return None,
            _ => {}
        }
        Some(())
    }

    fn core_instance(&mut self, instance: Instance<'a>) {
        self.core_instances.push(match instance {
            Instance::Instantiate { module_index, args } => {
                let given = args.iter().map(|argument| (argument.name, argument.index));
                CoreInstance::Module(module_index, given.collect())
            }
            Instance::FromExports(exports) => {
                let functions = exports
                    .iter()
                    .filter(|export| export.kind == ExternalKind::Func);
                CoreInstance::Bundle(
                    functions
                        .map(|export| (export.name, export.index))
                        .collect(),
                )
            }
        });
    }

    fn alias(&mut self, alias: ComponentAlias<'a>) -> Option<()> {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => match kind {
                ComponentExternalKind::Func => self.funcs.push(Func::Export(instance_index, name)),
                ComponentExternalKind::Module => return None,
                _ => {}
            },
            ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } => match kind {
                ExternalKind::Func => self.core_funcs.push(CoreFunc::Export(instance_index, name)),
                ExternalKind::Memory => self.memories.push((instance_index, name)),
                ExternalKind::Table => {}
                _ => return None,
            },
            ComponentAlias::Outer { .. } => return None,
        }
        Some(())
    }

    fn canonical(&mut self, function: CanonicalFunction) {
        match function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => {
                self.funcs.push(Func::Lifted);
                self.lifted.push(core_func_index);
                self.lifted
                    .extend(options.iter().filter_map(|option| match option {
                        CanonicalOption::Realloc(function)
                        | CanonicalOption::PostReturn(function)
                        | CanonicalOption::Callback(function) => Some(*function),
                        _ => None,
                    }));
            }
            CanonicalFunction::Lower {
                func_index,
                options,
            } => {
                self.core_funcs.push(CoreFunc::Lower(func_index, options));
            }
            _ => self.core_funcs.push(CoreFunc::Builtin),
        }
    }
}
