//! Linker script of the machine, and wasm3 when it is asked for.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let arm = env::var("CARGO_CFG_TARGET_ARCH")? == "arm";
    fs::write(out.join("memory.x"), memory(arm))?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-env-changed=PETIOLE_BENCH_DATA");
    println!("cargo::rerun-if-env-changed=PETIOLE_BENCH_WASM3");
    if env::var_os("CARGO_FEATURE_WASM3").is_some() {
        wasm3(Path::new(&env::var("PETIOLE_BENCH_WASM3")?), arm)?;
    }
    Ok(())
}

/// QEMU's mps2-an505 (SSRAM 1 and 2, secure) and virt (first flash bank, DRAM).
fn memory(arm: bool) -> String {
    let (flash, ram) = if arm {
        (0x1000_0000, 0x3800_0000_u32)
    } else {
        (0x2000_0000, 0x8000_0000)
    };
    let mut text = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = {flash:#x}, LENGTH = 2M\n  RAM : ORIGIN = {ram:#x}, LENGTH = 2M\n}}\n"
    );
    for (region, memory) in [
        ("TEXT", "FLASH"),
        ("RODATA", "FLASH"),
        ("DATA", "RAM"),
        ("BSS", "RAM"),
        ("HEAP", "RAM"),
        ("STACK", "RAM"),
    ] {
        text += &format!("REGION_ALIAS(\"REGION_{region}\", {memory});\n");
    }
    text
}

/// Compiles wasm3: the file with the interpreter's operations for speed, the others for size.
fn wasm3(source: &Path, arm: bool) -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=wasm3");
    let (fast, small): (Vec<_>, Vec<_>) = fs::read_dir(source)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "c"))
        .partition(|path| path.ends_with("m3_compile.c"));
    for (files, level) in [(fast, "-O3"), (small, "-Oz")] {
        let mut build = cc::Build::new();
        build
            .compiler("clang")
            .no_default_flags(true)
            .include("wasm3/include")
            .flag(level)
            .flags([
                "-ffreestanding",
                "-fno-builtin-printf",
                "-ffunction-sections",
                "-w",
            ])
            .flags([
                "-Dd_m3VerboseErrorMessages=0",
                "-Dd_m3MaxLinearMemoryPages=16",
            ])
            .files(files);
        if arm {
            build.flags([
                "--target=thumbv8m.main-none-eabi",
                "-mcpu=cortex-m33",
                "-mfloat-abi=soft",
            ]);
        } else {
            build.flags([
                "--target=riscv32-unknown-elf",
                "-march=rv32imac",
                "-mabi=ilp32",
                "-mcmodel=medany",
            ]);
        }
        for object in build.try_compile_intermediates()? {
            println!("cargo::rustc-link-arg-bin=wasm3={}", object.display());
        }
    }
    Ok(())
}
