//! Layout and linker script out of the board's description.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    petiole_layout::generate("../../../boards/qemu-an505.toml")?;
    // cortex-m-rt wants default handlers here; the vector table in src/interrupts.rs names them itself.
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    std::fs::write(out.join("device.x"), "")?;
    Ok(())
}
