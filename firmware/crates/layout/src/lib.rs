//! Turns a board's description, `boards/<name>.toml`, into what its firmware is compiled and linked with.
//!
//! Used by the build script of each board crate: `petiole_layout::generate("../../../boards/x.toml")` writes into `OUT_DIR`
//! - `layout.rs`: `const LAYOUT: petiole_board::Layout`, the data flash and its regions, slots, labels and heap;
//! - `memory.x`: the linker's view of program flash and RAM, in the words of cortex-m-rt and riscv-rt;
//!
//! and tells cargo where the linker finds the latter. The description is the only place where these numbers are written.

mod board;
mod check;
mod error;
mod render;

pub use board::{Board, Chip, Firmware, Flash, Memory, Workloads};
pub use error::LayoutError;

use std::path::{Path, PathBuf};

/// Build-script entry: reads the description at `path`, relative to the crate's folder, and writes the files named above.
///
/// # Errors
/// Any [`LayoutError`]; also when not called from a build script (`OUT_DIR` is not set).
pub fn generate(path: impl AsRef<Path>) -> Result<(), LayoutError> {
    let folder = |name: &'static str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .ok_or(LayoutError::NotABuildScript(name))
    };
    let source = folder("CARGO_MANIFEST_DIR")?.join(path);
    println!("cargo::rerun-if-changed={}", source.display());
    let board = Board::load(&source)?;
    let out = folder("OUT_DIR")?;
    for (name, text) in [
        ("layout.rs", render::layout(&board)),
        ("memory.x", render::memory_x(&board)),
    ] {
        let target = out.join(name);
        std::fs::write(&target, text).map_err(|cause| LayoutError::File {
            path: target,
            cause,
        })?;
    }
    println!("cargo::rustc-link-search={}", out.display());
    Ok(())
}
