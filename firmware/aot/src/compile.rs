//! Compiles a component for the board profile.

use wasmtime::{Config, Engine, OptLevel};

use crate::address_map::stops;
use crate::artifact::slim;
use crate::component::{Kind, kind};
use crate::error::Error;
use crate::wiring::shortcut;

/// The artifact a board runs.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, Error> {
    compile_for(petiole_profile::TARGET, component)
}

/// The artifact for boards, or in tests for their sibling that runs here.
pub fn compile_for(target: &str, component: &[u8]) -> Result<Vec<u8>, Error> {
    if kind(component)? == Kind::Module {
        return Err(Error::IsModule);
    }
    let mut config = Config::new();
    petiole_profile::configure(&mut config);
    config
        .cranelift_opt_level(OptLevel::SpeedAndSize)
        .generate_address_map(true);
    config.target(target).map_err(invalid)?;
    let engine = Engine::new(&config).map_err(invalid)?;
    let shortcut = shortcut(component);
    let compiled = shortcut
        .as_ref()
        .map_or(component, |shortcut| &shortcut.component);
    let artifact = engine.precompile_component(compiled).map_err(invalid)?;
    slim(&artifact, &stops(component)?, compiled, shortcut.as_ref())
}

/// The engine's words and their causes.
fn invalid(error: wasmtime::Error) -> Error {
    Error::Invalid(format!("{error:#}"))
}
