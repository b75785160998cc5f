//! Shortens what a board calls.
//!
//! Each interface that a board calls has one function. The artifact exports that function under the interface's name, without an
//! instance around it and its map of names.
//!
//! A handler answers `ok`, or an error with a text that lies in its memory until the host has read it; a *post-return* function
//! frees it then. The engine runs that function after each call, at a seventh of a call's cost. Where it is [idle](crate::idle)
//! after `ok`, it becomes an export of its own instead, which a board calls after an error, with the place of the result.

use wasmparser::{Parser, Payload};
use wasmtime_environ::component::*;
use wasmtime_environ::{EntityIndex, StaticModuleIndex};

use crate::error::Error;
use crate::idle::is_idle_when_ok;
use crate::types::{Names, Types, recode};

/// The interfaces that a board calls, and the names of what cleans up after their functions. Boards know both.
const HANDLERS: [(&str, &str); 4] = [
    ("petiole:schedule/handler@0.1.0", "schedule-cleanup"),
    ("wasi:cli/run@0.2.0", "service-cleanup"),
    ("petiole:gpio/handler@0.1.0", "edge-cleanup"),
    ("wasmcloud:messaging/handler@0.2.0", "message-cleanup"),
];

/// Whether boards look an export up under this very name.
pub fn is_known(name: &str) -> bool {
    let mut handlers = HANDLERS.iter();
    handlers.any(|(interface, cleanup)| [*interface, *cleanup].contains(&name))
}

/// Does so for each handler of the component that was `compiled`.
pub fn settle(component: &mut Component, types: &mut Types, compiled: &[u8]) -> Result<(), Error> {
    let mut names: Names = recode(&component.exports)?;
    let mut cleanups = Vec::new();
    for (name, (at, data)) in &mut names.definitions {
        let handler = HANDLERS.iter().find(|handler| handler.0 == name);
        let Some((_, cleanup)) = handler else {
            continue;
        };
        let Some(function) = only_function(component, *at) else {
            continue;
        };
        let instance = core::mem::replace(at, function);
        if let Some((options, func)) = idle_cleanup(component, types, function, compiled) {
            component.options[options].post_return = None;
            component.export_items[instance] = Export::LiftedFunction {
                ty: function_of_place(types),
                func,
                options,
            };
            cleanups.push(((*cleanup).to_owned(), (instance, data.clone())));
        }
    }
    names.definitions.extend(cleanups);
    component.exports = recode(&names)?;
    let is_used = |index: RuntimePostReturnIndex| {
        let mut options = component.options.values();
        options.any(|options| options.post_return == Some(index))
    };
    component
        .initializers
        .retain(|initializer| match initializer {
            GlobalInitializer::ExtractPostReturn(function) => is_used(function.index),
            _ => true,
        });
    Ok(())
}

/// The function of an interface that has nothing else.
fn only_function(component: &Component, interface: ExportIndex) -> Option<ExportIndex> {
    let Export::Instance { exports, .. } = &component.export_items[interface] else {
        return None;
    };
    let mut items = exports.raw_iter().map(|(_, (at, _))| *at);
    let (only, None) = (items.next()?, items.next()) else {
        return None;
    };
    matches!(component.export_items[only], Export::LiftedFunction { .. }).then_some(only)
}

/// The options of a handler's function and what cleans up after it, if that is idle after `ok`.
fn idle_cleanup(
    component: &Component,
    types: &Types,
    function: ExportIndex,
    compiled: &[u8],
) -> Option<(OptionsIndex, CoreDef)> {
    let Export::LiftedFunction { ty, options, .. } = &component.export_items[function] else {
        return None;
    };
    let (ty, options) = (*ty, *options);
    let results = &types.tuples[types.functions[ty].results].types;
    let [InterfaceType::Result(result)] = results[..] else {
        return None;
    };
    let (None, Some(InterfaceType::String)) = (types.results[result].ok, types.results[result].err)
    else {
        return None;
    };
    let lifts = component.export_items.values();
    let same = lifts.filter(
        |item| matches!(item, Export::LiftedFunction { options: of, .. } if *of == options),
    );
    let post_return = component.options[options].post_return?;
    let cleanup = component
        .initializers
        .iter()
        .find_map(|initializer| match initializer {
            GlobalInitializer::ExtractPostReturn(function) if function.index == post_return => {
                Some(&function.def)
            }
            _ => None,
        })?;
    let CoreDef::Export(CoreExport {
        instance,
        item: ExportItem::Index(EntityIndex::Function(index)),
    }) = cleanup
    else {
        return None;
    };
    let module = core_module(compiled, module_of(component, *instance)?)?;
    (same.count() == 1 && is_idle_when_ok(module, index.as_u32()))
        .then(|| (options, cleanup.clone()))
}

/// What an instance is made of.
fn module_of(component: &Component, instance: RuntimeInstanceIndex) -> Option<StaticModuleIndex> {
    let mut instances = component
        .initializers
        .iter()
        .filter_map(|initializer| match initializer {
            GlobalInitializer::InstantiateModule(module, _) => Some(module),
            _ => None,
        });
    match instances.nth(instance.as_u32() as usize)? {
        InstantiateModule::Static(module, _) => Some(*module),
        InstantiateModule::Import(..) => None,
    }
}

/// A core module of a component; none if a component in it has modules, which count too.
fn core_module(component: &[u8], index: StaticModuleIndex) -> Option<&[u8]> {
    let mut modules = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ModuleSection { .. } if depth > 1 => return None,
            Payload::ModuleSection {
                unchecked_range, ..
            } => modules.push(unchecked_range),
            _ => {}
        }
    }
    let range = modules.get(index.as_u32() as usize)?;
    component.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// The type of a function that takes the place of a result.
fn function_of_place(types: &mut Types) -> TypeFuncIndex {
    let params = types.tuples.push(TypeTuple {
        types: Box::new([InterfaceType::U32]),
        abi: CanonicalAbiInfo::SCALAR4,
    });
    let empty = types
        .tuples
        .iter()
        .find(|(_, tuple)| tuple.types.is_empty());
    let results = empty.map(|(at, _)| at).unwrap_or_else(|| {
        types.tuples.push(TypeTuple {
            types: Box::new([]),
            abi: CanonicalAbiInfo::ZERO,
        })
    });
    types.functions.push(TypeFunc {
        async_: false,
        param_names: Vec::new(),
        params,
        results,
    })
}
