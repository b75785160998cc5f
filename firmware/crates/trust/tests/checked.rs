//! A signature is checked once for the same bytes, and for no others.

use petiole_trust::{Anchor, Checked, Refusal};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A good envelope and the anchors of its signer.
fn signed() -> (Vec<u8>, Vec<Anchor>) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/envelopes.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let case = file["cases"].as_array().unwrap().iter();
    let case = case.into_iter().find(|case| case["name"] == "severed");
    let anchors = file["anchors"].as_array().unwrap().iter();
    (
        hex(&case.unwrap()["envelope"]),
        anchors
            .map(|anchor| Anchor::from_bytes(&hex(anchor)).unwrap())
            .collect(),
    )
}

#[test]
fn bytes_that_were_checked_need_no_anchor_any_more() {
    let (envelope, anchors) = signed();
    let mut checked = Checked::new();
    let first = *checked.verify(&envelope, &anchors).unwrap().release();
    assert_eq!(*checked.verify(&envelope, &[]).unwrap().release(), first);
    checked.forget();
    let refused = checked.verify(&envelope, &[]).err();
    assert_eq!(refused, Some(Refusal::UnknownKey));
}

#[test]
fn any_other_bit_is_checked_anew() {
    let (envelope, anchors) = signed();
    let mut checked = Checked::new();
    checked.verify(&envelope, &anchors).unwrap();
    for at in 0..envelope.len() {
        let mut damaged = envelope.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(checked.verify(&damaged, &anchors).is_err(), "byte {at}");
    }
}

#[test]
fn a_refused_envelope_is_not_remembered() {
    let (envelope, anchors) = signed();
    let mut checked = Checked::new();
    for _ in 0..2 {
        let refused = checked.verify(&envelope, &[]).err();
        assert_eq!(refused, Some(Refusal::UnknownKey));
    }
    assert!(checked.verify(&envelope, &anchors).is_ok());
}
