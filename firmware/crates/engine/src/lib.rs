//! Runs components side by side: load, call, limit, stop. No type of the WebAssembly engine leaves this crate.
//!
//! ```text
//! Engine::check(&VerifiedCode, &Deployment, peers)              -> ()     could it be loaded, as far as names and types go?
//! Engine::load(VerifiedCode, Deployment, Box<dyn Port>, peers)  -> Guest  imports checked against grants, linked, started
//! Guest::begin(Call); Guest::poll(&mut Context)                 -> Outcome, or Stop: which limit or trap, where
//! drop(Guest)                                                      frees everything the component had
//! ```
//!
//! A guest is a future: it runs on a stack of its own, and gives the board back whenever it waits or has used up its slice of
//! fuel. Whoever holds the guests decides whose turn it is.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod bindings;
mod call;
mod error;
mod guest;
mod hosts;
mod link;
mod load;
mod local;
mod mailbox;
mod peer;
mod signature;
mod stack;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod tls;
mod value;

pub use call::{Call, Entry};
pub use error::{LoadError, Stop, StopKind};
pub use guest::{Guest, Outcome, Usage};
pub use load::{Deployment, Engine};
