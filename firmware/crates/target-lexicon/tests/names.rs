//! Names of targets.

use target_lexicon::{Architecture, Endianness, PointerWidth, Triple, triple};

#[test]
fn pulley_is_known() {
    for (name, architecture, width, endianness) in [
        (
            "pulley32",
            Architecture::Pulley32,
            PointerWidth::U32,
            Endianness::Little,
        ),
        (
            "pulley32be",
            Architecture::Pulley32be,
            PointerWidth::U32,
            Endianness::Big,
        ),
        (
            "pulley64",
            Architecture::Pulley64,
            PointerWidth::U64,
            Endianness::Little,
        ),
        (
            "pulley64be",
            Architecture::Pulley64be,
            PointerWidth::U64,
            Endianness::Big,
        ),
    ] {
        let target: Triple = name.parse().unwrap();
        assert_eq!(target.architecture, architecture);
        assert_eq!(
            (target.pointer_width(), target.endianness()),
            (Ok(width), Ok(endianness))
        );
        assert_eq!(target.to_string(), name);
        let full = name.parse::<reference::Triple>().unwrap().to_string();
        assert_eq!(full.parse(), Ok(target), "{full}");
    }
}

#[test]
fn anything_else_is_neither_pulley_nor_this_processor() {
    for name in [
        "x86_64-unknown-none",
        "thumbv8m.main-none-eabi",
        "pulley32-unknown-linux",
        "pulley32-unknown-linux-elf",
        "pulley",
        "",
    ] {
        let target: Triple = name.parse().unwrap();
        assert_eq!(target.architecture, Architecture::Unknown, "{name}");
        assert_eq!(
            (target.pointer_width(), target.endianness()),
            (Err(()), Err(()))
        );
        assert_ne!(target, Triple::host());
    }
    assert_ne!(triple!("x86_64-unknown-none"), triple!("pulley32"));
}

#[test]
fn the_host_is_no_interpreter() {
    let width = if cfg!(target_pointer_width = "64") {
        PointerWidth::U64
    } else {
        PointerWidth::U32
    };
    assert_eq!(Triple::host().pointer_width(), Ok(width));
    assert!(!Triple::host().to_string().contains("pulley"));
}
