//! The vectors that Python and Rust share (`tests/vectors`).

use petiole_trust::{
    Accepted, Anchor, CODE_ALIGNMENT, Component, Descriptor, Manifest, Refusal, Trigger, sha256,
    verify_envelope, verify_rotation,
};
use serde_json::{Value, json};

fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/../../../tests/vectors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hex_array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn anchors(list: &Value) -> Vec<Anchor> {
    let list = list.as_array().unwrap().iter();
    list.map(|anchor| Anchor::from_bytes(&hex(anchor)).unwrap())
        .collect()
}

/// Everything that a board checks before it takes an envelope.
fn take<'a>(
    envelope: &'a [u8],
    anchors: &[Anchor],
    class: &[u8; 16],
    accepted: &Accepted,
) -> Result<(Manifest<'a>, Descriptor<'a>), Refusal> {
    let vendor = hex_array(&vectors("profiles")["vendor"]);
    let manifest = verify_envelope(envelope, anchors)?;
    manifest.check(&vendor, class, Some(accepted))?;
    let descriptor = manifest.descriptor()?;
    Ok((manifest, descriptor))
}

#[test]
fn refusals_have_the_numbers_and_names_of_the_table() {
    use Refusal::*;
    let all = [
        Internal,
        Malformed,
        Unsigned,
        UnknownKey,
        BadSignature,
        DigestMismatch,
        WrongVendor,
        WrongClass,
        OldSequence,
        Unsupported,
        NoSpace,
        WrongState,
        NotEnrolled,
        AlreadyEnrolled,
        NotGranted,
        NoSuchLabel,
        Incompatible,
        Busy,
        NoSuchWorkload,
        OverLimit,
        Flash,
    ];
    let table = vectors("refusals");
    assert_eq!(table.as_object().unwrap().len(), all.len());
    for refusal in all {
        assert_eq!(table[refusal.label()], refusal.rc());
    }
}

#[test]
fn every_envelope_is_taken_or_refused_as_its_case_says() {
    let file = vectors("envelopes");
    let anchors = anchors(&file["anchors"]);
    assert_eq!(anchors[0].key_id().as_slice(), hex(&file["kid"]));
    let payload: &'static [u8] = hex(&file["payload"]).leak();
    let mut wrong = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let envelope = hex(&case["envelope"]);
        let class = hex_array(case.get("class").unwrap_or(&file["class"]));
        let release = case.get("last_digest").map_or([0; 32], hex_array);
        let accepted = Accepted {
            sequence: case["last_sequence"].as_u64().unwrap(),
            release,
        };
        let found = match take(&envelope, &anchors, &class, &accepted) {
            Ok((manifest, descriptor)) => {
                if case["name"] == "whole" || case["name"] == "severed" {
                    same_release(&manifest, &descriptor, &file["manifest"], payload);
                }
                "ok"
            }
            Err(refusal) => refusal.label(),
        };
        if found != case["expect"].as_str().unwrap() {
            wrong.push(format!(
                "{}: {found} instead of {}",
                case["name"], case["expect"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rotation_is_taken_or_refused_as_its_case_says() {
    let file = vectors("rotations");
    let old = anchors(&file["anchors"]);
    for case in file["cases"].as_array().unwrap() {
        let message = hex(&case["message"]);
        let found = match verify_rotation(&message, &old, case["last"].as_u64().unwrap()) {
            Ok(rotation) => {
                assert!(rotation.sequence() > case["last"].as_u64().unwrap());
                assert_eq!(
                    rotation.anchors().collect::<Vec<_>>(),
                    anchors(&case["new"])
                );
                "ok"
            }
            Err(refusal) => refusal.label(),
        };
        assert_eq!(found, case["expect"].as_str().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn several_codes_lie_aligned_and_each_has_its_digest() {
    let file = vectors("envelopes");
    let cases = file["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == "four components");
    let envelope = hex(&case.unwrap()["envelope"]);
    let manifest = verify_envelope(&envelope, &anchors(&file["anchors"])).unwrap();
    let payload = hex(&file["payload"]);
    let step = payload.len().next_multiple_of(CODE_ALIGNMENT as usize);
    let mut codes = vec![0; 3 * step + payload.len()];
    for (at, code) in manifest.codes().iter().enumerate() {
        assert_eq!(
            (code.offset as usize, code.size as usize),
            (at * step, payload.len())
        );
        codes[at * step..][..payload.len()].copy_from_slice(&payload);
    }
    assert_eq!(manifest.size() as usize, codes.len());
    assert_eq!(manifest.digest(), sha256(&[&sha256(&[&payload]).repeat(4)]));
    codes[2 * step] ^= 1;
    let codes: &'static [u8] = codes.leak();
    for index in 0..4 {
        assert_eq!(manifest.verify_code(index, codes).is_ok(), index != 2);
    }
    assert!(!manifest.is_complete(codes));
}

#[test]
fn descriptors_read_as_python_wrote_them() {
    for case in vectors("descriptor").as_array().unwrap() {
        let bytes = hex(&case["bytes"]);
        let expected = case["components"].as_array().unwrap();
        let descriptor = Descriptor::parse(&bytes).unwrap();
        assert_eq!(descriptor.name(), case["workload"]);
        assert_eq!(descriptor.version(), case["version"]);
        let probation = descriptor.probation();
        assert_eq!(
            [probation.calls, probation.seconds].to_vec(),
            case["probation"].as_array().unwrap().clone()
        );
        assert_eq!(descriptor.count(), expected.len());
        let components: Vec<_> = descriptor.components().collect();
        assert_eq!(components.len(), expected.len());
        for (component, expected) in components.iter().zip(expected) {
            same_component(component, expected);
        }
    }
}

fn same_component(component: &Component<'_>, expected: &Value) {
    assert_eq!(component.name(), expected["name"]);
    let grants = expected["grants"].as_object().unwrap();
    assert_eq!(component.grants().count(), grants.len());
    for grant in component.grants() {
        let labels: Vec<Value> = grant.labels().map(Value::from).collect();
        assert_eq!(
            labels,
            grants[grant.import()]
                .as_array()
                .cloned()
                .unwrap_or_default(),
            "{}",
            grant.import()
        );
    }
    let limits = component.limits();
    let values = [
        limits.fuel,
        limits.memory,
        limits.stack,
        limits.host_call_bytes,
        limits.fuel_refill,
        limits.handles,
        limits.messages,
        limits.telemetry,
        limits.key_value,
    ];
    assert_eq!(
        values.to_vec(),
        expected["limits"].as_array().unwrap().clone()
    );
    let config: serde_json::Map<String, Value> = component
        .config()
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    assert_eq!(Value::from(config), expected["config"]);
    let triggers: Vec<Value> = component.triggers().map(as_written).collect();
    assert_eq!(Value::from(triggers), expected["triggers"]);
}

/// A trigger as the array that it is in the descriptor.
fn as_written(trigger: Trigger<'_>) -> Value {
    match trigger {
        Trigger::Interval(ms) => json!([0, ms]),
        Trigger::Calendar { cron, zone: None } => json!([1, cron]),
        Trigger::Calendar {
            cron,
            zone: Some(zone),
        } => json!([1, cron, zone]),
        Trigger::Edge { label, edge } => json!([2, label, edge as u8]),
        Trigger::Message(filter) => json!([3, filter]),
        Trigger::Start => json!([4]),
        Trigger::Service => json!([5]),
    }
}

fn same_release(
    manifest: &Manifest<'_>,
    descriptor: &Descriptor<'_>,
    expected: &Value,
    payload: &'static [u8],
) {
    assert_eq!(manifest.release().as_slice(), hex(&expected["digest"]));
    assert_eq!(manifest.sequence(), expected["sequence"]);
    assert_eq!(manifest.name(), expected["name"]);
    assert_eq!(descriptor.version(), expected["version"]);
    assert_eq!(manifest.verify_code(0, payload).unwrap().bytes(), payload);
    for (index, codes) in [(0, &payload[1..]), (0, &[]), (1, payload)] {
        assert_eq!(
            manifest.verify_code(index, codes).unwrap_err(),
            Refusal::DigestMismatch
        );
    }
}

/// No cut and no flipped bit of a good envelope panics or is taken for the same release with other content.
#[test]
fn damaged_envelopes_are_refused() {
    let file = vectors("envelopes");
    let anchors = anchors(&file["anchors"]);
    let severed = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "severed")
        .unwrap();
    let envelope = hex(&severed["envelope"]);
    for length in 0..envelope.len() {
        assert!(verify_envelope(&envelope[..length], &anchors).is_err());
    }
    for at in 0..envelope.len() {
        let mut damaged = envelope.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(
            verify_envelope(&damaged, &anchors).is_err(),
            "bit {} of byte {at}",
            at % 8
        );
    }
}
