//! Whether a component is wired up as `wit-component` does it, and the same component without the detour.
//!
//! A host function that takes a text needs the memory of the module that imports it, which is there only after the module was
//! instantiated. So `wit-component` gives the module functions of a *shim* that call through a table, and a *fixup* module puts
//! the real functions into that table afterwards: two modules, two instances, and a call more for each call of the host.
//!
//! [`shortcut`] makes a component in which the module gets the real functions at once, tied to the memory of a *stand-in* with
//! a memory and allocators of the same names; [`crate::metadata::settle`] then puts the module's own memory in its place.

mod fixup;
mod outline;
mod rewrite;
mod shim;

use std::collections::BTreeMap;

use wasmparser::{CanonicalOption, Validator, WasmFeatures};

use outline::{CoreFunc, CoreInstance, Func, Outline};

/// A component that is compiled in place of another.
pub struct Shortcut {
    /// What is compiled. All up to the end of the main module lies where it lay.
    pub component: Vec<u8>,
    /// The stand-in's place among the component's core modules; it is the last.
    pub stand_in: u32,
    /// The main module's place among them.
    pub main: u32,
}

/// Where the pieces of the detour are in a component.
struct Detour {
    main_instance: u32,
    shim_module: u32,
    shim_instance: u32,
    fixup_module: u32,
    fixup_instance: u32,
    /// By the index of a core function that is the shim's: the index of the real one.
    real: BTreeMap<u32, u32>,
    /// Name of the exported memory.
    memory: String,
    /// Names of exported allocators.
    allocators: Vec<String>,
}

/// The component without the detour; none if it is built in another way, or if its start calls the host.
pub fn shortcut(component: &[u8]) -> Option<Shortcut> {
    let outline = outline::read(component)?;
    let detour = find(&outline)?;
    let main = outline.module_of(detour.main_instance)?;
    let component = rewrite::rewrite(component, &outline, &detour)?;
    // Something that nobody thought of may still name what is gone.
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(&component)
        .ok()?;
    Some(Shortcut {
        component,
        stand_in: detour.shim_module,
        main,
    })
}

fn find(outline: &Outline<'_>) -> Option<Detour> {
    let [_, _, _] = outline.modules[..] else {
        return None;
    };
    let shims = outline.modules.iter().map(|module| shim::read(module));
    let (shim_module, shim) = shims
        .enumerate()
        .find_map(|(at, shim)| Some((at as u32, shim?)))?;
    let fixups = outline.modules.iter().map(|module| fixup::read(module));
    let (fixup_module, fixup) = fixups
        .enumerate()
        .find_map(|(at, fixup)| Some((at as u32, fixup?)))?;
    let main_module = 3u32.checked_sub(shim_module + fixup_module)?;
    if (main_module, shim_module, fixup_module) != (0, 1, 2) || has_start(outline.modules[0])? {
        return None;
    }
    let shim_instance = outline.only_instance_of(shim_module)?;
    let fixup_instance = outline.only_instance_of(fixup_module)?;
    let main_instance = outline.only_instance_of(main_module)?;
    let CoreInstance::Module(_, arguments) = &outline.core_instances[fixup_instance as usize]
    else {
        return None;
    };
    let mut slots = BTreeMap::new();
    for (slot, (module, field)) in fixup {
        let bundle = *arguments.get(module)?;
        let CoreInstance::Bundle(functions) = &outline.core_instances[bundle as usize] else {
            return None;
        };
        slots.insert(slot, *functions.get(field)?);
    }
    let mut detour = Detour {
        main_instance,
        shim_module,
        shim_instance,
        fixup_module,
        fixup_instance,
        real: BTreeMap::new(),
        memory: String::new(),
        allocators: Vec::new(),
    };
    for (at, function) in outline.core_funcs.iter().enumerate() {
        let CoreFunc::Export(instance, name) = function else {
            continue;
        };
        if *instance == shim_instance {
            let real = *slots.get(shim.get(*name)?)?;
            detour.tie(outline, real)?;
            detour.real.insert(at as u32, real);
        }
    }
    let lifts_shim = outline
        .lifted
        .iter()
        .any(|function| detour.real.contains_key(function));
    (!detour.real.is_empty() && !lifts_shim && !detour.memory.is_empty()).then_some(detour)
}

impl Detour {
    /// Notes what of the main module's a lowered function is tied to.
    fn tie(&mut self, outline: &Outline<'_>, function: u32) -> Option<()> {
        let CoreFunc::Lower(lowered, options) = outline.core_funcs.get(function as usize)? else {
            return None;
        };
        outline
            .funcs
            .get(*lowered as usize)
            .filter(|func| !matches!(func, Func::Lifted))?;
        for option in options {
            match option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::Memory(memory) => {
                    let (instance, name) = outline.memories.get(*memory as usize)?;
                    let same = self.memory.is_empty() || self.memory == *name;
                    (*instance == self.main_instance && same).then_some(())?;
                    self.memory = (*name).to_owned();
                }
                CanonicalOption::Realloc(function) => {
                    let name = outline.export_of(*function, self.main_instance)?;
                    if !self.allocators.iter().any(|known| known == name) {
                        self.allocators.push(name.to_owned());
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }
}

fn has_start(module: &[u8]) -> Option<bool> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::StartSection { .. } = payload.ok()? {
            return Some(true);
        }
    }
    Some(false)
}
