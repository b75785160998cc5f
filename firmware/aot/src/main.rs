//! `petiole-aot`: makes components of core modules, and compiles components ahead of time for boards.
//!
//! | Command | Does |
//! |---|---|
//! | `profile [--json]` | prints the board profile it compiles for and its class id |
//! | `componentize CORE.wasm -o OUT.wasm [--debug DEBUG.wasm] [--json]` | makes a component of what `wit-bindgen` and a compiler made |
//! | `compose MAIN.wasm --plug PART.wasm... -o OUT.wasm` | makes one component of several |
//! | `compile IN.wasm -o OUT.cwasm` | makes the artifact that a board runs in place |
//! | `imports IN.wasm [--json]` | lists what a component imports and exports, after checking it against `wit/` |
//! | `explain COMPONENT.wasm [--pc N] [--function N] [--debug DEBUG.wasm] [--json]` | names function and source line of a place |
//!
//! Exit codes: 0 done; 1 the input cannot be used, with one line that says why; 2 wrong command line.

mod address_map;
mod artifact;
mod compile;
mod component;
mod componentize;
mod compose;
mod error;
mod explain;
mod handlers;
mod idle;
mod leb128;
mod metadata;
mod modules;
#[cfg(test)]
mod tests;
mod types;
mod wiring;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;

use crate::error::Error;
use crate::explain::{Place, explain};

/// Makes components of core modules, and compiles components ahead of time for boards.
#[derive(Parser)]
#[command(name = "petiole-aot", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the board profile artifacts are compiled for, and its class id.
    Profile {
        /// Print {"profile", "class_id", "vendor_id"} as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compile a component to the artifact that boards of the profile run.
    Compile {
        /// The component.
        input: PathBuf,
        /// Where the artifact goes.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Make one component of several: imports of one are satisfied by exports of the others.
    ///
    /// With debug files (`explain`), compose those of the parts in the same way.
    Compose {
        /// The component whose exports are those of the whole.
        input: PathBuf,
        /// A component that exports something the first one imports; repeat for more.
        #[arg(long = "plug", required = true)]
        plugs: Vec<PathBuf>,
        /// Where the whole goes.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Make a component of a core module built with wit-bindgen.
    Componentize {
        /// The core module.
        input: PathBuf,
        /// Where the component goes.
        #[arg(short, long)]
        output: PathBuf,
        /// Also write the component with the names and line tables of the compiler here, for `explain`.
        #[arg(long)]
        debug: Option<PathBuf>,
        /// Print {"core", "component"}, sizes in bytes, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Name the function and the source line of a place that a board reported in a post-mortem.
    Explain {
        /// The component that was deployed.
        component: PathBuf,
        /// Offset of the instruction in the component's file (`pc` of the post-mortem).
        #[arg(long, required_unless_present = "function")]
        pc: Option<u32>,
        /// Index of the function in the core module (`function` of the post-mortem).
        #[arg(long)]
        function: Option<u32>,
        /// The component with names and line tables; by default the file COMPONENT.debug.wasm beside it, if there is one.
        #[arg(long)]
        debug: Option<PathBuf>,
        /// Print {"function", "name", "file", "line", "column"} as JSON, null where not known.
        #[arg(long)]
        json: bool,
    },
    /// List the interfaces a component imports and exports.
    Imports {
        /// The component.
        input: PathBuf,
        /// Print {"imports", "exports"} as JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("petiole-aot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Profile { json } => profile(json),
        Command::Compile { input, output } => {
            let artifact =
                compile::compile(&read(&input)?).map_err(|error| error.in_file(&input))?;
            write(&output, &artifact)?;
        }
        Command::Compose {
            input,
            plugs,
            output,
        } => {
            let parts = plugs
                .iter()
                .map(|path| Ok((path.display().to_string(), read(path)?)))
                .collect::<Result<Vec<_>, Error>>()?;
            let whole =
                compose::compose(&read(&input)?, &parts).map_err(|error| error.in_file(&input))?;
            write(&output, &whole)?;
        }
        Command::Componentize {
            input,
            output,
            debug,
            json,
        } => {
            let made = componentize::componentize(&read(&input)?)
                .map_err(|error| error.in_file(&input))?;
            write(&output, &made.bare)?;
            if let Some(debug) = debug {
                write(&debug, &made.debug)?;
            }
            if json {
                println!(
                    "{}",
                    json!({"core": made.core_size, "component": made.bare.len()})
                );
            }
        }
        Command::Explain {
            component,
            pc,
            function,
            debug,
            json,
        } => {
            let debug = debug.or_else(|| {
                let beside = component.with_extension("debug.wasm");
                beside.is_file().then_some(beside)
            });
            let notes = debug.map(|path| read(&path)).transpose()?;
            let place = Place { function, pc };
            let source = explain(&read(&component)?, notes.as_deref(), place)
                .map_err(|error| error.in_file(&component))?;
            if json {
                println!("{}", source.json());
            } else {
                println!("{}", source.text());
            }
        }
        Command::Imports { input, json } => {
            let component = read(&input)?;
            let names = component::names(&component)
                .and_then(|names| world::check(&component).map(|()| names))
                .map_err(|error| error.in_file(&input))?;
            if json {
                println!(
                    "{}",
                    json!({"imports": names.imports, "exports": names.exports})
                );
            } else {
                names
                    .imports
                    .iter()
                    .for_each(|name| println!("import {name}"));
                names
                    .exports
                    .iter()
                    .for_each(|name| println!("export {name}"));
            }
        }
    }
    Ok(())
}

fn profile(as_json: bool) {
    let class_id = hex(&petiole_profile::CLASS_ID);
    if as_json {
        let vendor_id = hex(&petiole_profile::VENDOR_ID);
        println!(
            "{}",
            json!({"profile": petiole_profile::PROFILE, "class_id": class_id, "vendor_id": vendor_id})
        );
    } else {
        println!("{}\n{class_id}", petiole_profile::PROFILE);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::Read(path.to_owned(), error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| Error::Write(path.to_owned(), error))
}
