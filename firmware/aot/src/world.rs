//! Whether a component fits the world of `wit/`: every import and export has the type that hosts know.

use wit_component::targets;
use wit_parser::Resolve;

use crate::component::names;
use crate::error::Error;

const WORLD: &str = "scheduled";

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

/// Fails when the component uses an interface of the world with another type, or lacks the handler.
///
/// An import that the world does not have is left to whoever checks grants: that error is about the name.
pub fn check(component: &[u8]) -> Result<(), Error> {
    let mut resolve = Resolve::default();
    let mut package = None;
    for (name, text) in PACKAGES {
        package = Some(resolve.push_str(name, text).map_err(mismatch)?);
    }
    let packages: Vec<_> = package.into_iter().collect();
    let world = resolve
        .select_world(&packages, Some(WORLD))
        .map_err(mismatch)?;
    let known: Vec<String> = resolve.worlds[world]
        .imports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    if names(component)?
        .imports
        .iter()
        .all(|name| known.contains(name))
    {
        targets(&resolve, world, component).map_err(mismatch)?;
    }
    Ok(())
}

fn mismatch(error: impl std::fmt::Display) -> Error {
    Error::WorldMismatch(format!("{error:#}"))
}
