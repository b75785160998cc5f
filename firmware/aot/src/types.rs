//! Leaves out of a component's types what no board asks for.
//!
//! | What | Why it can go |
//! |---|---|
//! | types of what is exported | a board looks exports up by their names, and takes a function's type from the function |
//! | imports from the board | their names stand behind the artifact (`crate::artifact`), where they take no RAM |
//! | types among the exports of a board's interface | its functions refer to them by their places |
//! | names of parameters | parameters are known by their places |
//! | names of enumerations that boards never match by name | cases are known by their places |
//!
//! What an interface has that is no board's stays as it is: it goes to or comes from another component of the workload, whose host
//! compares both types.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wasmtime_environ::component::*;
use wasmtime_environ::{ModuleTypes, PrimaryMap};

use crate::error::Error;
use crate::handlers;
use crate::metadata::broken;
use crate::world::imports;

/// The one interface of which a board reads an enumeration by its place and not by its names.
const LOGGING: &str = "wasi:logging/logging@0.1.0-draft";

/// What the engine's types consist of; its own fields cannot be reached. As serialized, the two are the same.
#[derive(Serialize, Deserialize)]
pub struct Types {
    modules: PrimaryMap<TypeModuleIndex, TypeModule>,
    components: PrimaryMap<TypeComponentIndex, TypeComponent>,
    component_instances: PrimaryMap<TypeComponentInstanceIndex, TypeComponentInstance>,
    pub functions: PrimaryMap<TypeFuncIndex, TypeFunc>,
    lists: PrimaryMap<TypeListIndex, TypeList>,
    maps: PrimaryMap<TypeMapIndex, TypeMap>,
    records: PrimaryMap<TypeRecordIndex, TypeRecord>,
    variants: PrimaryMap<TypeVariantIndex, TypeVariant>,
    pub tuples: PrimaryMap<TypeTupleIndex, TypeTuple>,
    enums: PrimaryMap<TypeEnumIndex, TypeEnum>,
    flags: PrimaryMap<TypeFlagsIndex, TypeFlags>,
    options: PrimaryMap<TypeOptionIndex, TypeOption>,
    pub results: PrimaryMap<TypeResultIndex, TypeResult>,
    resource_tables: PrimaryMap<TypeResourceTableIndex, TypeResourceTable>,
    module_types: Option<ModuleTypes>,
    futures: PrimaryMap<TypeFutureIndex, TypeFuture>,
    future_tables: PrimaryMap<TypeFutureTableIndex, TypeFutureTable>,
    streams: PrimaryMap<TypeStreamIndex, TypeStream>,
    stream_tables: PrimaryMap<TypeStreamTableIndex, TypeStreamTable>,
    error_context_tables:
        PrimaryMap<TypeComponentLocalErrorContextTableIndex, TypeErrorContextTable>,
    fixed_length_lists: PrimaryMap<TypeFixedLengthListIndex, TypeFixedLengthList>,
}

/// Shortens the types of a component and the index of its exports; the interfaces of boards that it imports.
pub fn shorten(artifacts: &mut ComponentArtifacts, compiled: &[u8]) -> Result<Vec<String>, Error> {
    let mut types: Types = recode(&artifacts.types)?;
    handlers::settle(&mut artifacts.info.component, &mut types, compiled)?;
    let component = &mut artifacts.info.component;
    let boards = imports()?;
    let mut uses = Uses::default();
    let mut of_boards = Vec::new();
    for (name, item) in types.components[artifacts.ty].imports.iter() {
        match item.ty {
            TypeDef::ComponentInstance(at) if boards.contains(name) => {
                of_boards.push(at);
                for item in types.component_instances[at].exports.values() {
                    if let TypeDef::ComponentFunc(function) = item.ty {
                        uses.board(&types, function, name == LOGGING);
                    }
                }
            }
            _ => uses.others(&types, &item.ty),
        }
    }
    for item in component.export_items.values() {
        match item {
            Export::LiftedFunction { ty, .. } => uses.others(&types, &TypeDef::ComponentFunc(*ty)),
            Export::Type(kind) => uses.others(&types, kind),
            _ => {}
        }
    }
    if component
        .exports
        .raw_iter()
        .all(|(name, _)| handlers::is_known(name))
    {
        let Names { definitions, .. } = recode(&component.exports)?;
        component.exports = recode(&Names {
            definitions,
            alternates: Vec::new(),
        })?;
    }
    let imported = types.shorten(artifacts.ty, &of_boards, &uses);
    artifacts.types = recode(&types)?;
    Ok(imported)
}

/// The engine's map of exports: what is there, and other versions under which it is found. A board asks for those it calls by
/// their full names.
#[derive(Serialize, Deserialize)]
pub struct Names {
    pub definitions: Vec<(String, (ExportIndex, ComponentExternData))>,
    alternates: Vec<(String, (String, String))>,
}

/// The same value as another type that is serialized in the same way.
pub fn recode<T: for<'de> Deserialize<'de>>(value: &impl Serialize) -> Result<T, Error> {
    let bytes = postcard::to_allocvec(value).map_err(broken)?;
    postcard::from_bytes(&bytes).map_err(broken)
}

/// Who knows a type.
#[derive(Default)]
struct Uses {
    /// Functions of a board.
    boards: BTreeSet<TypeFuncIndex>,
    /// Functions that go to or come from other components.
    others: BTreeSet<TypeFuncIndex>,
    /// Enumerations whose names somebody looks at.
    named: BTreeSet<TypeEnumIndex>,
}

impl Uses {
    /// A function that a board has. It looks at the names of what it is given, unless it goes `by_place`.
    fn board(&mut self, types: &Types, function: TypeFuncIndex, by_place: bool) {
        self.boards.insert(function);
        if !by_place {
            let parameters = types.functions[function].params;
            self.values(types, InterfaceType::Tuple(parameters));
        }
    }

    /// Something that another component has or calls.
    fn others(&mut self, types: &Types, kind: &TypeDef) {
        match *kind {
            TypeDef::ComponentInstance(at) => {
                for item in types.component_instances[at].exports.values() {
                    self.others(types, &item.ty);
                }
            }
            TypeDef::ComponentFunc(at) => {
                self.others.insert(at);
                let TypeFunc {
                    params, results, ..
                } = types.functions[at];
                for list in [params, results] {
                    self.values(types, InterfaceType::Tuple(list));
                }
            }
            TypeDef::Interface(kind) => self.values(types, kind),
            _ => {}
        }
    }

    /// Values whose names somebody looks at.
    fn values(&mut self, types: &Types, kind: InterfaceType) {
        let inner: Vec<InterfaceType> = match kind {
            InterfaceType::Enum(at) => {
                self.named.insert(at);
                Vec::new()
            }
            InterfaceType::Record(at) => {
                let fields = types.records[at].fields.iter();
                fields.map(|field| field.ty).collect()
            }
            InterfaceType::Variant(at) => types.variants[at]
                .cases
                .values()
                .copied()
                .flatten()
                .collect(),
            InterfaceType::Tuple(at) => types.tuples[at].types.to_vec(),
            InterfaceType::List(at) => vec![types.lists[at].element],
            InterfaceType::FixedLengthList(at) => vec![types.fixed_length_lists[at].element],
            InterfaceType::Map(at) => vec![types.maps[at].key, types.maps[at].value],
            InterfaceType::Option(at) => vec![types.options[at].ty],
            InterfaceType::Result(at) => {
                let TypeResult { ok, err, .. } = &types.results[at];
                [*ok, *err].into_iter().flatten().collect()
            }
            InterfaceType::Future(at) => types.futures[types.future_tables[at].ty]
                .payload
                .into_iter()
                .collect(),
            InterfaceType::Stream(at) => types.streams[types.stream_tables[at].ty]
                .payload
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        for kind in inner {
            self.values(types, kind);
        }
    }
}

impl Types {
    fn shorten(
        &mut self,
        root: TypeComponentIndex,
        of_boards: &[TypeComponentInstanceIndex],
        uses: &Uses,
    ) -> Vec<String> {
        let component = &mut self.components[root];
        component.exports = Default::default();
        let (of_board, of_others): (Vec<_>, Vec<_>) = core::mem::take(&mut component.imports)
            .into_iter()
            .partition(|(_, item)| instance(item).is_some_and(|at| of_boards.contains(&at)));
        let imported: Vec<_> = of_others
            .iter()
            .filter_map(|(_, item)| instance(item))
            .collect();
        component.imports = of_others.into_iter().collect();
        for (at, instance) in &mut self.component_instances {
            if of_boards.contains(&at) {
                instance.exports = core::mem::take(&mut instance.exports)
                    .into_iter()
                    .filter(|(_, item)| !matches!(item.ty, TypeDef::Interface(_)))
                    .collect();
            } else if !imported.contains(&at) {
                instance.exports = Default::default();
            }
        }
        for at in uses.boards.difference(&uses.others) {
            self.functions[*at].param_names = Vec::new();
        }
        for (at, kind) in &mut self.enums {
            if !uses.named.contains(&at) {
                kind.names = Default::default();
            }
        }
        of_board.into_iter().map(|(name, _)| name).collect()
    }
}

/// The type of an import or export that is an instance.
fn instance(item: &ComponentExtern) -> Option<TypeComponentInstanceIndex> {
    match item.ty {
        TypeDef::ComponentInstance(at) => Some(at),
        _ => None,
    }
}
