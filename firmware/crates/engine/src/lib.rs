//! Runs one component: load, call, limit, stop. No type of the WebAssembly engine leaves this crate.
//!
//! ```text
//! Engine::check(&VerifiedCode, &Grants)                -> ()       could it be loaded, as far as imports go?
//! Engine::load(VerifiedCode, Deployment, Box<dyn Port>) -> Guest   imports checked against grants, then linked
//! Guest::run_handler()                                 -> Outcome  or Stop: trap, fuel, memory, error
//! drop(Guest)                                                      frees everything the component had
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod bindings;
mod error;
mod guest;
mod hosts;
mod link;
mod load;
mod state;
#[cfg(test)]
mod tests;
mod tls;

pub use error::{LoadError, Stop, StopKind};
pub use guest::{Guest, Outcome};
pub use load::{Deployment, Engine};
