//! Makes one component of several: the exports of some become the imports of another.
//!
//! On a board the whole is one guest with one fuel limit and one memory limit. Calls between its parts cost no more than calls of
//! functions, and resources cross, too. Parts that must not take each other down stay components of one workload instead, whose
//! calls the host carries.

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

use crate::component::names;
use crate::error::Error;

/// Satisfies the imports of `socket` by the exports of `plugs`, each given with a name for messages; what is left of the imports,
/// and the exports of `socket`, are those of the whole.
pub fn compose(socket: &[u8], plugs: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    let wanted = names(socket)?.imports;
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut()).map_err(invalid)?;
        graph.register_package(package).map_err(invalid)
    };
    let main = register("main", socket)?;
    let mut parts = Vec::new();
    for (at, (name, bytes)) in plugs.iter().enumerate() {
        if !names(bytes)?
            .exports
            .iter()
            .any(|export| wanted.contains(export))
        {
            return Err(Error::NoPlug(name.clone()));
        }
        parts.push(register(&format!("part{at}"), bytes)?);
    }
    plug(&mut graph, parts, main).map_err(invalid)?;
    graph.encode(EncodeOptions::default()).map_err(invalid)
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("{error:#}"))
}
