//! Compiles a component for the board profile.

use wasmtime::{Config, Engine, OptLevel};

use crate::component::{Kind, kind};
use crate::error::Error;

/// The artifact a board runs.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, Error> {
    compile_for(component, false)
}

/// The same code with the map from its addresses to those of the component.
pub fn compile_with_map(component: &[u8]) -> Result<Vec<u8>, Error> {
    compile_for(component, true)
}

fn compile_for(component: &[u8], map: bool) -> Result<Vec<u8>, Error> {
    if kind(component)? == Kind::Module {
        return Err(Error::IsModule);
    }
    let mut config = Config::new();
    petiole_profile::configure(&mut config);
    config
        .cranelift_opt_level(OptLevel::SpeedAndSize)
        .generate_address_map(map);
    config.target(petiole_profile::TARGET).map_err(invalid)?;
    let engine = Engine::new(&config).map_err(invalid)?;
    engine.precompile_component(component).map_err(invalid)
}

/// The engine's words and their causes.
fn invalid(error: wasmtime::Error) -> Error {
    Error::Invalid(format!("{error:#}"))
}
