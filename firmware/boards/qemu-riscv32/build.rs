//! Layout and linker script out of the board's description.

fn main() -> Result<(), petiole_layout::LayoutError> {
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    petiole_layout::generate("../../../boards/qemu-riscv32.toml")
}
