//! The boards of this repository are consistent, and a wrong description is refused with the key's name.

use std::path::{Path, PathBuf};

use petiole_layout::{Board, LayoutError};

fn boards() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../boards");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.retain(|path| path.extension().is_some_and(|suffix| suffix == "toml"));
    found
}

#[test]
fn every_board_is_consistent_and_named_as_its_file() {
    let found = boards();
    assert!(found.len() >= 2);
    for path in found {
        let board = Board::load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(board.name, path.file_stem().unwrap().to_str().unwrap());
        assert_eq!(board.package, format!("board-{}", board.name));
    }
}

fn refusal(change: impl Fn(&str) -> String) -> String {
    let path = boards()
        .into_iter()
        .find(|path| path.ends_with("qemu-an505.toml"))
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed);
    match Board::parse(&changed, &path) {
        Err(error @ (LayoutError::Contradiction { .. } | LayoutError::Syntax { .. })) => {
            error.to_string()
        }
        other => panic!("accepted: {other:?}"),
    }
}

#[test]
fn contradictions_are_refused_by_key() {
    let overlap = refusal(|text| text.replace("journal = [0x00_4000", "journal = [0x00_3000"));
    assert!(
        overlap.contains("flash.regions.journal overlaps"),
        "{overlap}"
    );
    let unaligned = refusal(|text| {
        text.replace(
            "settings = [0x00_0000, 0x00_4000]",
            "settings = [0x00_0000, 0x00_3f00]",
        )
    });
    assert!(
        unaligned.contains("flash.regions.settings must be whole erase blocks"),
        "{unaligned}"
    );
    let slots = refusal(|text| text.replace("count = 4", "count = 9"));
    assert!(slots.contains("workloads: 9 times two slots"), "{slots}");
    let heap = refusal(|text| text.replace("heap = 278_528", "heap = 327_680"));
    assert!(heap.contains("memory.heap"), "{heap}");
    let size = refusal(|text| text.replace("size = 1_572_864", "size = 65_536"));
    assert!(size.contains("beyond flash.size"), "{size}");
}

#[test]
fn unknown_and_missing_keys_are_refused_with_their_line() {
    let unknown = refusal(|text| text.replace("ram = 327_680", "rom = 327_680"));
    assert!(
        unknown.contains("rom") && unknown.contains("line"),
        "{unknown}"
    );
    let region = refusal(|text| text.replace("outbox = ", "inbox = "));
    assert!(region.contains("outbox"), "{region}");
}
