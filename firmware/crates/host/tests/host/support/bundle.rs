//! Makes bundles, good ones and others.

use ed25519_dalek::{Signer as _, SigningKey};
use petiole_cbor::Writer;
use petiole_trust::{key_id, sha256};

use super::VENDOR;

/// The class of the boards in these tests.
pub const CLASS: [u8; 16] = [0xc1; 16];
/// Seed of the key that the boards trust.
pub const TRUSTED: [u8; 32] = [7; 32];

/// What goes into a bundle.
#[derive(Clone)]
pub struct Bundle {
    pub name: &'static str,
    pub version: &'static str,
    pub sequence: u64,
    pub code: Vec<u8>,
    pub seed: [u8; 32],
    pub vendor: [u8; 16],
    pub class: [u8; 16],
    pub labels: Vec<&'static str>,
    /// Number of a limit and its value.
    pub limits: Vec<(u64, u64)>,
    pub interval_ms: u64,
    pub calls: u64,
    pub seconds: u64,
    /// Components of the manifest besides the descriptor.
    pub components: usize,
}

pub fn public(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// Code of this script: padded with bytes that look like nothing in particular.
pub fn script(words: &str, size: usize) -> Vec<u8> {
    let mut code = words.as_bytes().to_vec();
    code.push(0);
    code.extend((code.len()..size).map(|at| ((at * 31) >> 3) as u8));
    code
}

/// CBOR of up to 8 KiB.
fn cbor(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    let mut writer = Writer::new(&mut buffer);
    fill(&mut writer);
    let length = writer.finish().unwrap();
    buffer.truncate(length);
    buffer
}

impl Bundle {
    /// A good release of `thermometer`: called each second, healthy after three calls.
    pub fn new(sequence: u64, version: &'static str, code: Vec<u8>) -> Self {
        Self {
            name: "thermometer",
            version,
            sequence,
            code,
            seed: TRUSTED,
            vendor: VENDOR,
            class: CLASS,
            labels: vec!["i2c-env"],
            limits: Vec::new(),
            interval_ms: 1_000,
            calls: 3,
            seconds: 30,
            components: 1,
        }
    }

    fn descriptor(&self) -> Vec<u8> {
        cbor(|out| {
            out.map(5)
                .unsigned(0)
                .unsigned(1)
                .unsigned(1)
                .text(self.name)
                .unsigned(2)
                .text(self.version);
            out.unsigned(3)
                .array(1)
                .map(5)
                .unsigned(0)
                .text("main")
                .unsigned(1)
                .map(1);
            out.text("wasi:i2c/i2c@0.2.0-draft")
                .map(1)
                .unsigned(0)
                .array(self.labels.len());
            for label in &self.labels {
                out.text(label);
            }
            out.unsigned(2).map(self.limits.len());
            for (number, value) in &self.limits {
                out.unsigned(*number).unsigned(*value);
            }
            out.unsigned(3)
                .map(0)
                .unsigned(4)
                .array(1)
                .array(2)
                .unsigned(0)
                .unsigned(self.interval_ms);
            out.unsigned(4)
                .map(2)
                .unsigned(0)
                .unsigned(self.calls)
                .unsigned(1)
                .unsigned(self.seconds);
        })
    }

    pub fn manifest(&self) -> Vec<u8> {
        let digest = cbor(|out| _ = out.array(2).integer(-16).bytes(&sha256(&[&self.code])));
        let descriptor = self.descriptor();
        let shared = cbor(|out| {
            out.array(16).unsigned(12).unsigned(0).unsigned(20).map(4);
            out.unsigned(1)
                .bytes(&self.vendor)
                .unsigned(2)
                .bytes(&self.class);
            out.unsigned(3)
                .bytes(&digest)
                .unsigned(14)
                .unsigned(self.code.len() as u64);
            out.unsigned(1)
                .unsigned(15)
                .unsigned(2)
                .unsigned(15)
                .unsigned(12)
                .unsigned(1)
                .unsigned(20)
                .map(3);
            out.unsigned(1)
                .bytes(&self.vendor)
                .unsigned(2)
                .bytes(&self.class)
                .unsigned(18)
                .bytes(&descriptor);
            out.unsigned(1).unsigned(15).unsigned(2).unsigned(15);
        });
        let common = cbor(|out| {
            out.map(2).unsigned(2).array(self.components + 1);
            for part in ["code", "code1", "code2"]
                .iter()
                .take(self.components)
                .chain(&["descriptor"])
            {
                out.array(3)
                    .bytes(b"wl")
                    .bytes(self.name.as_bytes())
                    .bytes(part.as_bytes());
            }
            out.unsigned(4).bytes(&shared);
        });
        let sequence = |values: &[u64]| {
            cbor(|out| {
                out.array(values.len());
                values.iter().for_each(|value| _ = out.unsigned(*value));
            })
        };
        let install = cbor(|out| {
            out.array(12)
                .unsigned(12)
                .unsigned(0)
                .unsigned(20)
                .map(1)
                .unsigned(21)
                .text("#code");
            out.unsigned(21)
                .unsigned(15)
                .unsigned(3)
                .unsigned(15)
                .unsigned(12)
                .unsigned(1)
                .unsigned(18)
                .unsigned(15);
        });
        cbor(|out| {
            out.map(6)
                .unsigned(1)
                .unsigned(1)
                .unsigned(2)
                .unsigned(self.sequence)
                .unsigned(3)
                .bytes(&common);
            out.unsigned(7)
                .bytes(&sequence(&[12, 0, 3, 15]))
                .unsigned(9)
                .bytes(&sequence(&[12, 0, 23, 15]));
            out.unsigned(20).bytes(&install);
        })
    }

    /// The envelope, signed.
    pub fn envelope(&self) -> Vec<u8> {
        let manifest = cbor(|out| _ = out.bytes(&self.manifest()));
        let digest = cbor(|out| _ = out.array(2).integer(-16).bytes(&sha256(&[&manifest])));
        let protected = cbor(|out| _ = out.map(1).unsigned(1).integer(-8));
        let signed = cbor(|out| {
            _ = out
                .array(4)
                .text("Signature1")
                .bytes(&protected)
                .bytes(&[])
                .bytes(&digest)
        });
        let signature = SigningKey::from_bytes(&self.seed).sign(&signed).to_bytes();
        let block = cbor(|out| {
            out.tag(18)
                .array(4)
                .bytes(&protected)
                .map(1)
                .unsigned(4)
                .bytes(&key_id(&public(&self.seed)));
            out.null().bytes(&signature);
        });
        let authentication = cbor(|out| _ = out.array(2).bytes(&digest).bytes(&block));
        cbor(|out| {
            _ = out
                .tag(107)
                .map(2)
                .unsigned(2)
                .bytes(&authentication)
                .unsigned(3)
                .raw(&manifest)
        })
    }

    /// The envelope without its signature.
    pub fn unsigned(&self) -> Vec<u8> {
        let manifest = cbor(|out| _ = out.bytes(&self.manifest()));
        let digest = cbor(|out| _ = out.array(2).integer(-16).bytes(&sha256(&[&manifest])));
        let authentication = cbor(|out| _ = out.array(1).bytes(&digest));
        cbor(|out| {
            _ = out
                .tag(107)
                .map(2)
                .unsigned(2)
                .bytes(&authentication)
                .unsigned(3)
                .raw(&manifest)
        })
    }
}
