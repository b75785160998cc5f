//! Shortens what the engine keeps in RAM about a component: the section `.wasmtime.info`.
//!
//! | What | Why it can go |
//! |---|---|
//! | the stand-in of [`crate::wiring`] | its memory and allocators become those of the main module |
//! | names of a core module's imports and exports | inside of a component they are known by their places |
//! | names and types of the component, and what cleans up after a good call | see [`crate::types`] |

use wasmtime_environ::component::{
    ComponentArtifacts, CoreDef, CoreExport, Export, ExportItem, GlobalInitializer,
    InstantiateModule, RuntimeInstanceIndex,
};
use wasmtime_environ::{
    EntityIndex, Initializer, MemoryIndex, Module, StaticModuleIndex, StringPool,
};

use crate::error::Error;
use crate::types::shorten;
use crate::wiring::Shortcut;

/// The section of an artifact, shortened; `compiled` is the component that was compiled, and `shortcut` is there when that
/// was not the one it was asked for. With it come the names of the interfaces of boards that it imports.
pub fn settle(
    section: &[u8],
    compiled: &[u8],
    shortcut: Option<&Shortcut>,
) -> Result<(Vec<u8>, Vec<String>), Error> {
    let mut artifacts: ComponentArtifacts = postcard::from_bytes(section).map_err(broken)?;
    if let Some(shortcut) = shortcut {
        let (stand_in, main) = (shortcut.stand_in, shortcut.main);
        let settled = drop_stand_in(
            &mut artifacts,
            StaticModuleIndex::from_u32(stand_in),
            StaticModuleIndex::from_u32(main),
        );
        settled.ok_or_else(|| broken("the stand-in is not where it was put"))?;
    }
    for (_, info) in &mut artifacts.static_modules {
        forget_names(&mut info.module).map_err(broken)?;
    }
    let imports = shorten(&mut artifacts, compiled)?;
    let section = postcard::to_allocvec(&artifacts).map_err(broken)?;
    board_postcard::from_bytes::<ComponentArtifacts>(&section).map_err(|_| left_out())?;
    Ok((section, imports))
}

/// Boards have no code for what the component holds.
fn left_out() -> Error {
    Error::Invalid(String::from(
        "the component imports or exports a core module, or has another type that boards leave out; only functions, resources \
         and types of values cross a component's border on a board",
    ))
}

pub fn broken(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!(
        "the compiler made an artifact of another shape: {error}"
    ))
}

/// Takes out the last core module and its only instance; what was taken from it is taken from the main module, by name.
fn drop_stand_in(
    artifacts: &mut ComponentArtifacts,
    stand_in: StaticModuleIndex,
    main: StaticModuleIndex,
) -> Option<()> {
    let is_last = stand_in.as_u32() as usize + 1 == artifacts.static_modules.len();
    let component = &mut artifacts.info.component;
    let (dummy, real) = (
        instance_of(&component.initializers, stand_in)?,
        instance_of(&component.initializers, main)?,
    );
    (is_last && dummy < real).then_some(())?;
    let modules = &artifacts.static_modules;
    let taken = Taken {
        dummy,
        real,
        from: &modules[stand_in].module,
        to: &modules[main].module,
    };
    let (mut kept, mut later) = (Vec::new(), Vec::new());
    for mut initializer in core::mem::take(&mut component.initializers) {
        match &mut initializer {
            GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, _), _)
                if *module == stand_in =>
            {
                continue;
            }
            GlobalInitializer::InstantiateModule(
                InstantiateModule::Static(module, arguments),
                _,
            ) => {
                let is_main = *module == main;
                arguments
                    .iter_mut()
                    .try_for_each(|argument| taken.definition(argument).map(drop))?;
                kept.push(initializer);
                if is_main {
                    kept.append(&mut later);
                }
                continue;
            }
            GlobalInitializer::InstantiateModule(InstantiateModule::Import(..), _) => return None,
            GlobalInitializer::ExtractMemory(memory) => {
                if taken.memory(&mut memory.export)? {
                    later.push(initializer);
                    continue;
                }
            }
            GlobalInitializer::ExtractRealloc(allocator) => {
                if taken.definition(&mut allocator.def)? {
                    later.push(initializer);
                    continue;
                }
            }
            GlobalInitializer::ExtractPostReturn(function) => {
                let _ = taken.definition(&mut function.def)?;
            }
            GlobalInitializer::ExtractCallback(function) => {
                let _ = taken.definition(&mut function.def)?;
            }
            GlobalInitializer::LowerImport { .. } => {}
            GlobalInitializer::ExtractTable(_) | GlobalInitializer::Resource(_) => return None,
        }
        kept.push(initializer);
    }
    later.is_empty().then_some(())?;
    component.initializers = kept;
    component.num_runtime_instances -= 1;
    for (_, export) in &mut component.export_items {
        if let Export::LiftedFunction { func, .. } = export {
            taken.definition(func)?;
        }
    }
    let modules = core::mem::take(&mut artifacts.static_modules);
    artifacts.static_modules = modules
        .into_iter()
        .filter(|(at, _)| *at != stand_in)
        .map(|(_, info)| info)
        .collect();
    Some(())
}

/// The place among the instances of the one that is made of a module.
fn instance_of(
    initializers: &[GlobalInitializer],
    wanted: StaticModuleIndex,
) -> Option<RuntimeInstanceIndex> {
    let instances = initializers
        .iter()
        .filter_map(|initializer| match initializer {
            GlobalInitializer::InstantiateModule(module, _) => Some(module),
            _ => None,
        });
    let mut places = instances
        .enumerate()
        .filter_map(|(at, module)| match module {
            InstantiateModule::Static(module, _) if *module == wanted => Some(at),
            _ => None,
        });
    let only = places.next()?;
    places
        .next()
        .is_none()
        .then(|| RuntimeInstanceIndex::from_u32(only as u32))
}

/// The instance that goes, and the one that has what was taken from it.
struct Taken<'a> {
    dummy: RuntimeInstanceIndex,
    real: RuntimeInstanceIndex,
    from: &'a Module,
    to: &'a Module,
}

impl Taken<'_> {
    /// Points a definition to where it is now; whether it was one of the stand-in's.
    fn definition(&self, definition: &mut CoreDef) -> Option<bool> {
        match definition {
            CoreDef::Export(export) => self.export(export, |entity| entity, Some),
            _ => Some(false),
        }
    }

    fn memory(&self, export: &mut CoreExport<MemoryIndex>) -> Option<bool> {
        self.export(export, EntityIndex::Memory, |entity| match entity {
            EntityIndex::Memory(memory) => Some(memory),
            _ => None,
        })
    }

    fn export<T: Copy>(
        &self,
        export: &mut CoreExport<T>,
        entity: impl Fn(T) -> EntityIndex,
        back: impl Fn(EntityIndex) -> Option<T>,
    ) -> Option<bool> {
        let was_taken = export.instance == self.dummy;
        if was_taken {
            let ExportItem::Index(index) = export.item else {
                return None;
            };
            export.item = ExportItem::Index(back(self.same(entity(index))?)?);
            export.instance = self.real;
        }
        if export.instance > self.dummy {
            export.instance = RuntimeInstanceIndex::from_u32(export.instance.as_u32() - 1);
        }
        Some(was_taken)
    }

    /// What the main module exports under the name of an export of the stand-in's.
    fn same(&self, entity: EntityIndex) -> Option<EntityIndex> {
        let (name, _) = self
            .from
            .exports
            .iter()
            .find(|(_, exported)| **exported == entity)?;
        let name = self.to.strings.get_atom(&self.from.strings[*name])?;
        self.to.exports.get(&name).copied()
    }
}

/// Leaves out the names of what a module imports and exports.
fn forget_names(module: &mut Module) -> Result<(), wasmtime_environ::error::OutOfMemory> {
    let mut strings = StringPool::new();
    let none = strings.insert("")?;
    for initializer in module.initializers.iter_mut() {
        let Initializer::Import { name, field, .. } = initializer;
        (*name, *field) = (none, none);
    }
    module.exports = Default::default();
    module.name = None;
    module.strings = strings;
    Ok(())
}
