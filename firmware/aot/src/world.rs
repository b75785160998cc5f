//! Whether a component fits the world of `wit/`: every import and export has the type that hosts know.

use std::collections::BTreeSet;

use wit_component::targets;
use wit_parser::{PackageId, Resolve};

use crate::component::names;
use crate::error::Error;

/// Each export that a host calls, and the world that has it alone.
const WORLDS: &[(&str, &str)] = &[
    ("petiole:schedule/handler@0.1.0", "scheduled"),
    ("wasi:cli/run@0.2.0", "service"),
    ("petiole:gpio/handler@0.1.0", "watcher"),
    ("wasmcloud:messaging/handler@0.2.0", "subscriber"),
];
/// The world of components that no host calls, only their peers.
const NO_EXPORTS: &str = "imports";

/// The packages of `wit/`, each after those it uses; the last one holds the world.
const PACKAGES: &[(&str, &str)] = &[
    (
        "logging",
        include_str!("../../../wit/deps/logging/logging.wit"),
    ),
    ("io", include_str!("../../../wit/deps/io/poll.wit")),
    (
        "clocks",
        include_str!("../../../wit/deps/clocks/clocks.wit"),
    ),
    (
        "petiole-clock",
        include_str!("../../../wit/deps/petiole-clock/synchronization.wit"),
    ),
    (
        "random",
        include_str!("../../../wit/deps/random/random.wit"),
    ),
    ("config", include_str!("../../../wit/deps/config/store.wit")),
    (
        "keyvalue",
        include_str!("../../../wit/deps/keyvalue/keyvalue.wit"),
    ),
    ("i2c", include_str!("../../../wit/deps/i2c/i2c.wit")),
    (
        "petiole-i2c",
        include_str!("../../../wit/deps/petiole-i2c/buses.wit"),
    ),
    ("spi", include_str!("../../../wit/deps/spi/spi.wit")),
    ("gpio", include_str!("../../../wit/deps/gpio/gpio.wit")),
    (
        "messaging",
        include_str!("../../../wit/deps/messaging/messaging.wit"),
    ),
    ("cli", include_str!("../../../wit/deps/cli/run.wit")),
    (
        "petiole-telemetry",
        include_str!("../../../wit/deps/petiole-telemetry/telemetry.wit"),
    ),
    (
        "petiole-schedule",
        include_str!("../../../wit/deps/petiole-schedule/handler.wit"),
    ),
    (
        "petiole-gpio",
        include_str!("../../../wit/deps/petiole-gpio/handler.wit"),
    ),
    ("host", include_str!("../../../wit/world.wit")),
];

/// Fails when the component uses an interface of `wit/` with another type, or exports one that hosts call with another type.
///
/// An import that no world has is left to whoever checks grants: that error is about the name.
pub fn check(component: &[u8]) -> Result<(), Error> {
    let (resolve, packages) = resolve()?;
    let names = names(component)?;
    let mut worlds: Vec<&str> = WORLDS
        .iter()
        .filter(|(export, _)| names.exports.iter().any(|name| name == export))
        .map(|(_, world)| *world)
        .collect();
    if worlds.is_empty() {
        worlds.push(NO_EXPORTS);
    }
    for name in worlds {
        let world = resolve
            .select_world(&packages, Some(name))
            .map_err(invalid)?;
        let is_known = |import: &String| {
            let mut keys = resolve.worlds[world].imports.keys();
            keys.any(|key| resolve.name_world_key(key) == *import)
        };
        if names.imports.iter().all(is_known) {
            targets(&resolve, world, component)
                .map_err(|error| Error::WorldMismatch(name, format!("{error:#}")))?;
        }
    }
    Ok(())
}

/// The full names of the interfaces that hosts have.
pub fn imports() -> Result<BTreeSet<String>, Error> {
    let (resolve, packages) = resolve()?;
    let world = resolve
        .select_world(&packages, Some(NO_EXPORTS))
        .map_err(invalid)?;
    let keys = resolve.worlds[world].imports.keys();
    Ok(keys.map(|key| resolve.name_world_key(key)).collect())
}

/// All of `wit/`, and the package that holds the world.
fn resolve() -> Result<(Resolve, Vec<PackageId>), Error> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    for (name, text) in PACKAGES {
        packages = vec![resolve.push_str(name, text).map_err(invalid)?];
    }
    Ok((resolve, packages))
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("{error:#}"))
}
