//! Patches that `detools` wrote (`tests/vectors/deltas.json`), as they are, in blocks of every kind, and damaged.

use petiole_delta::{Header, Malformed, PIECE, Patch};
use serde_json::Value;

struct Case {
    name: String,
    base: Vec<u8>,
    patch: Vec<u8>,
    new: Option<Vec<u8>>,
}

fn cases() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/deltas.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let read = |case: &Value| Case {
        name: case["name"].as_str().unwrap().into(),
        base: hex(&case["base"]).unwrap(),
        patch: hex(&case["patch"]).unwrap(),
        new: hex(&case["new"]),
    };
    file.as_array().unwrap().iter().map(read).collect()
}

fn hex(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    Some((0..text.len()).step_by(2).map(byte).collect())
}

/// What a board makes of a patch that comes in blocks of this size; never more than the header said.
fn apply(base: &[u8], patch: &[u8], block: usize) -> Result<Vec<u8>, Malformed> {
    let (header, mut rest) = Header::read(patch)?;
    let size = header.size as usize;
    let (mut patch, mut made) = (Patch::new(header.size), Vec::new());
    let mut take = |piece: &[u8]| {
        made.extend_from_slice(piece);
        assert!(made.len() <= size);
        assert!(piece.len() == PIECE || made.len() == size);
        true
    };
    while !rest.is_empty() {
        let (now, later) = rest.split_at(block.min(rest.len()));
        patch.feed(now, base, &mut take)?;
        rest = later;
    }
    if patch.is_done() {
        assert_eq!(made.len(), size);
        Ok(made)
    } else {
        Err(Malformed)
    }
}

#[test]
fn patches_of_detools_make_what_they_should() {
    for case in cases() {
        for block in [1, 7, 300, 4096] {
            let made = apply(&case.base, &case.patch, block).ok();
            assert_eq!(made, case.new, "{} in blocks of {block}", case.name);
        }
    }
}

#[test]
fn a_patch_that_was_stopped_takes_nothing_more() {
    let cases = cases();
    let case = cases
        .iter()
        .find(|case| case.name == "a word in a text")
        .unwrap();
    let (header, rest) = Header::read(&case.patch).unwrap();
    let mut patch = Patch::new(header.size);
    let mut pieces = 0;
    let mut stop = |_: &[u8]| {
        pieces += 1;
        false
    };
    assert_eq!(patch.feed(rest, &case.base, &mut stop), Err(Malformed));
    assert_eq!(patch.feed(rest, &case.base, &mut stop), Err(Malformed));
    assert_eq!(pieces, 1);
    assert!(!patch.is_done());
}

/// No flipped bit makes a panic or bytes beyond the size; where it makes bytes at all, the digest tells.
#[test]
fn damaged_patches_stay_within_their_size() {
    for case in cases().iter().filter(|case| case.new.is_some()) {
        for at in 0..case.patch.len() {
            for bit in 0..8 {
                let mut damaged = case.patch.clone();
                damaged[at] ^= 1 << bit;
                let _ = apply(&case.base, &damaged, 64);
            }
        }
    }
}

#[test]
fn a_patch_in_the_making_is_small() {
    assert!(size_of::<Patch>() <= 640, "{}", size_of::<Patch>());
}
