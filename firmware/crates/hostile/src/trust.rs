//! Bytes that claim to be signed.

use petiole_cbor::Writer;
use petiole_trust::{
    Anchor, CODE_ALIGNMENT, Component, Descriptor, MAX_ANCHORS, MAX_CODES, Manifest, Refusal,
    Trigger, verify_envelope, verify_rotation,
};

/// The public key of RFC 8032, section 7.1, test 1.
const ED25519: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];
/// The public key of RFC 6979, appendix A.2.5.
const P256: [u8; 33] = [
    0x03, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d,
    0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f,
    0xb6,
];
const ANCHORS: [Anchor; 2] = [Anchor::Ed25519(ED25519), Anchor::P256(P256)];

/// Envelopes. A seed may carry a good signature; all of what was signed can be read then.
pub fn envelope(data: &[u8]) {
    if let Ok(manifest) = verify_envelope(data, &ANCHORS) {
        check_manifest(&manifest);
    }
}

fn check_manifest(manifest: &Manifest<'_>) {
    let codes = manifest.codes();
    assert!((1..=MAX_CODES).contains(&codes.len()));
    let mut end = 0;
    for code in codes {
        assert!(code.size > 0 && code.offset >= end && code.offset.is_multiple_of(CODE_ALIGNMENT));
        end = code.offset + code.size;
    }
    assert_eq!(end, manifest.size());
    assert!(!manifest.is_complete(&[]));
    if let Ok(descriptor) = manifest.descriptor() {
        assert_eq!(
            (descriptor.name(), descriptor.count()),
            (manifest.name(), codes.len())
        );
    }
}

/// A COSE_Sign1 alone, around the digest of no manifest: never taken, whatever it says.
pub fn cose(data: &[u8]) {
    let mut buffer = vec![0; data.len() + 64];
    let mut writer = Writer::new(&mut buffer);
    writer.array(2).bytes(b"\x82\x2f\x40").bytes(data);
    let size = writer.finish().expect("there is room");
    let authentication = buffer[..size].to_vec();
    let mut buffer = vec![0; size + 64];
    let mut writer = Writer::new(&mut buffer);
    writer
        .tag(107)
        .map(2)
        .unsigned(2)
        .bytes(&authentication)
        .unsigned(3)
        .bytes(b"\xa0");
    let size = writer.finish().expect("there is room");
    let refusal = verify_envelope(&buffer[..size], &ANCHORS).expect_err("it signs something else");
    assert!(matches!(
        refusal,
        Refusal::Malformed | Refusal::Unsupported | Refusal::UnknownKey | Refusal::BadSignature
    ));
}

/// Rotation messages: what is taken has a greater number and anchors.
pub fn rotation(data: &[u8]) {
    for last in [0, 3] {
        if let Ok(rotation) = verify_rotation(data, &ANCHORS, last) {
            assert!(rotation.sequence() > last);
            assert!((1..=MAX_ANCHORS).contains(&rotation.anchors().count()));
        }
    }
}

/// Descriptors: what was parsed can be read, all of it.
pub fn descriptor(data: &[u8]) {
    let Ok(descriptor) = Descriptor::parse(data) else {
        return;
    };
    assert_eq!(descriptor.components().count(), descriptor.count());
    descriptor
        .components()
        .for_each(|component| check_component(&component, data.len()));
}

fn check_component(component: &Component<'_>, most: usize) {
    for grant in component.grants() {
        assert!(!grant.labels().any(str::is_empty));
        assert!(grant.labels().count() <= most);
    }
    assert!(component.config().count() <= most);
    for trigger in component.triggers() {
        match trigger {
            Trigger::Interval(ms) => assert!(ms > 0),
            Trigger::Edge { label: text, .. } | Trigger::Message(text) => assert!(!text.is_empty()),
            Trigger::Calendar { .. } | Trigger::Start | Trigger::Service => {}
        }
    }
}
