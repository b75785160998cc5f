//! Descriptors that ask for what only edge hosts do are refused, never taken without it.

use petiole_trust::{Descriptor, Refusal};
use serde_json::Value;

#[test]
fn what_boards_cannot_do_is_refused() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/edge_descriptors.json"
    );
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in cases.as_array().unwrap() {
        let text = case["bytes"].as_str().unwrap();
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        let refusal = Descriptor::parse(&bytes).map(|_| ()).unwrap_err();
        assert!(
            matches!(refusal, Refusal::Malformed | Refusal::Unsupported),
            "{}: {refusal:?}",
            case["name"]
        );
    }
}
