//! The texts made from a description.

use std::fmt::Write;

use crate::Board;

/// The regions each data flash has, in the order of `petiole_board::Regions`.
pub(crate) const REGIONS: [&str; 5] = ["settings", "journal", "workloads", "key-value", "outbox"];

/// Rust source of `const LAYOUT`.
pub(crate) fn layout(board: &Board) -> String {
    let flash = &board.flash;
    let mut text = format!(
        "/// {title}.\n\
         pub const LAYOUT: ::petiole_board::Layout = ::petiole_board::Layout {{\n\
         \x20   board: {name:?},\n\
         \x20   timer_hz: {hz},\n\
         \x20   heap: {heap},\n\
         \x20   flash: ::petiole_board::Geometry {{ base: {base:#x}, size: {size:#x}, erase: {erase:#x}, write: {write} }},\n\
         \x20   regions: ::petiole_board::Regions {{\n",
        title = board.title,
        name = board.name,
        hz = board.chip.frequency_hz,
        heap = board.memory.heap,
        base = flash.base,
        size = flash.size,
        erase = flash.erase,
        write = flash.write,
    );
    for name in REGIONS {
        let (offset, size) = flash.regions[name];
        let _ = writeln!(
            text,
            "        {}: {offset:#x}..{:#x},",
            name.replace('-', "_"),
            offset + size
        );
    }
    let _ = write!(
        text,
        "    }},\n    workloads: {},\n    slot: {:#x},\n    labels: &[",
        board.workloads.count, board.workloads.slot
    );
    for (label, interface) in &board.labels {
        let _ = write!(text, "({label:?}, {interface:?}), ");
    }
    text.push_str("],\n};\n");
    text
}

/// Linker script for cortex-m-rt (FLASH, RAM) and riscv-rt (the aliases).
pub(crate) fn memory_x(board: &Board) -> String {
    let mut text = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = {:#010x}, LENGTH = {}\n  RAM : ORIGIN = {:#010x}, LENGTH = {}\n}}\n",
        board.firmware.base, board.firmware.max_flash, board.memory.base, board.memory.ram
    );
    for (region, memory) in [
        ("TEXT", "FLASH"),
        ("RODATA", "FLASH"),
        ("DATA", "RAM"),
        ("BSS", "RAM"),
        ("HEAP", "RAM"),
        ("STACK", "RAM"),
    ] {
        let _ = writeln!(text, "REGION_ALIAS(\"REGION_{region}\", {memory});");
    }
    text
}
