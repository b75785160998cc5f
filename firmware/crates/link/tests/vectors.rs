//! The SMP vectors that Python and Rust share (`tests/vectors/smp.json`).

use petiole_link::{Deframer, Header, write_frames};
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/smp.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut deframer = Deframer::new();
    bytes
        .iter()
        .filter_map(|byte| deframer.feed(*byte).map(<[u8]>::to_vec))
        .collect()
}

#[test]
fn messages_are_framed_and_found_as_python_does() {
    for case in vectors()["messages"].as_array().unwrap() {
        let (message, frames) = (hex(&case["message"]), hex(&case["frames"]));
        let mut written = Vec::new();
        write_frames(&message, &mut |line| written.extend_from_slice(line));
        assert_eq!(written, frames, "{}", case["name"]);
        assert_eq!(
            messages(&frames),
            std::slice::from_ref(&message),
            "{}",
            case["name"]
        );
        let (header, body) = Header::split(&message).unwrap();
        assert_eq!(message, [&header.bytes(body.len() as u16), body].concat());
    }
}

#[test]
fn noise_is_passed_over_as_python_does() {
    for case in vectors()["noise"].as_array().unwrap() {
        assert_eq!(
            messages(&hex(&case["input"])).len() as u64,
            case["messages"],
            "{}",
            case["name"]
        );
    }
}
