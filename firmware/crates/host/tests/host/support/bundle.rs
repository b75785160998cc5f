//! Makes bundles, good ones and others.

use ed25519_dalek::{Signer as _, SigningKey};
use petiole_cbor::Writer;
use petiole_trust::{key_id, sha256};

use super::VENDOR;

/// The class of the boards in these tests.
pub const CLASS: [u8; 16] = [0xc1; 16];
/// Seed of the key that the boards trust.
pub const TRUSTED: [u8; 32] = [7; 32];

/// What makes a component run.
#[derive(Clone)]
pub enum On {
    Interval(u64),
    Calendar(&'static str),
    Edge(&'static str, u64),
    Message(&'static str),
    Start,
    Service,
}

/// One more component of a bundle.
#[derive(Clone)]
pub struct Part {
    pub name: &'static str,
    pub code: Vec<u8>,
    /// Imports, each with its labels.
    pub grants: Vec<(&'static str, Vec<&'static str>)>,
    /// Number of a limit and its value.
    pub limits: Vec<(u64, u64)>,
    pub triggers: Vec<On>,
}

/// What goes into a bundle. Its first component is `main`.
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
    /// Imports besides I2C, each with its labels.
    pub grants: Vec<(&'static str, Vec<&'static str>)>,
    /// Number of a limit and its value.
    pub limits: Vec<(u64, u64)>,
    pub interval_ms: u64,
    /// What makes `main` run in place of the interval.
    pub triggers: Vec<On>,
    pub calls: u64,
    pub seconds: u64,
    /// The other components.
    pub more: Vec<Part>,
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

/// A COSE_Sign1 by the key of this seed over what `fill` writes, with that inside where `attached`.
pub fn sign(seed: &[u8; 32], attached: bool, fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let payload = cbor(fill);
    let protected = cbor(|out| _ = out.map(1).unsigned(1).integer(-8));
    let signed = cbor(|out| {
        out.array(4).text("Signature1").bytes(&protected);
        out.bytes(&[]).bytes(&payload);
    });
    let signature = SigningKey::from_bytes(seed).sign(&signed).to_bytes();
    cbor(|out| {
        out.tag(18).array(4).bytes(&protected);
        out.map(1).unsigned(4).bytes(&key_id(&public(seed)));
        match attached {
            true => out.bytes(&payload),
            false => out.null(),
        };
        out.bytes(&signature);
    })
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
            triggers: Vec::new(),
            grants: Vec::new(),
            calls: 3,
            seconds: 30,
            more: Vec::new(),
        }
    }

    /// A release whose only component does this, called for what `triggers` say; healthy at once unless one of them is an interval.
    pub fn on(name: &'static str, words: &str, triggers: Vec<On>) -> Self {
        Self {
            name,
            triggers,
            ..Self::new(1, "1.0.0", script(words, 600))
        }
    }

    /// How long a good release takes to prove itself.
    pub fn trial_ms(&self) -> u64 {
        self.parts()
            .iter()
            .flat_map(|part| part.triggers.clone())
            .map(|on| match on {
                On::Interval(ms) => self.calls * ms,
                On::Service => self.seconds * 100,
                _ => 0,
            })
            .max()
            .unwrap_or(0)
    }

    /// All components, the first one first.
    fn parts(&self) -> Vec<Part> {
        let mut grants = vec![("wasi:i2c/i2c@0.2.0-draft", self.labels.clone())];
        grants.extend(self.grants.clone());
        let main = Part {
            name: "main",
            code: self.code.clone(),
            grants,
            limits: self.limits.clone(),
            triggers: match &self.triggers[..] {
                [] => vec![On::Interval(self.interval_ms)],
                triggers => triggers.to_vec(),
            },
        };
        [vec![main], self.more.clone()].concat()
    }

    /// The code as it travels.
    pub fn joined(&self) -> Vec<u8> {
        let mut joined = Vec::new();
        for part in self.parts() {
            joined.resize(joined.len().next_multiple_of(16), 0);
            joined.extend(part.code);
        }
        joined
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
            let parts = self.parts();
            out.unsigned(3).array(parts.len());
            parts.iter().for_each(|part| part.write(out));
            out.unsigned(4)
                .map(2)
                .unsigned(0)
                .unsigned(self.calls)
                .unsigned(1)
                .unsigned(self.seconds);
        })
    }

    /// A sequence that says for each component `each(n)`, then for the descriptor `last`.
    fn sequence(
        &self,
        each: impl Fn(usize, &mut Writer<'_>) -> usize,
        last: impl Fn(&mut Writer<'_>) -> usize,
    ) -> Vec<u8> {
        let mut items = 0;
        let content = cbor(|out| {
            for number in 0..self.more.len() + 1 {
                out.unsigned(12).unsigned(number as u64);
                items += 2 + each(number, out);
            }
            items += last(out);
        });
        cbor(|out| _ = out.array(items).raw(&content))
    }

    pub fn manifest(&self) -> Vec<u8> {
        let descriptor = self.descriptor();
        let parts = self.parts();
        let last = parts.len() as u64;
        let target = |out: &mut Writer<'_>| {
            out.unsigned(1)
                .bytes(&self.vendor)
                .unsigned(2)
                .bytes(&self.class);
        };
        let shared = self.sequence(
            |number, out| {
                let code = &parts[number].code;
                let digest = cbor(|out| _ = out.array(2).integer(-16).bytes(&sha256(&[code])));
                out.unsigned(20).map(4);
                target(out);
                out.unsigned(3)
                    .bytes(&digest)
                    .unsigned(14)
                    .unsigned(code.len() as u64);
                out.unsigned(1).unsigned(15).unsigned(2).unsigned(15);
                6
            },
            |out| {
                out.unsigned(12).unsigned(last).unsigned(20).map(3);
                target(out);
                out.unsigned(18).bytes(&descriptor);
                out.unsigned(1).unsigned(15).unsigned(2).unsigned(15);
                8
            },
        );
        let code_name = |number: usize| match number {
            0 => String::from("code"),
            number => format!("code{number}"),
        };
        let common = cbor(|out| {
            out.map(2).unsigned(2).array(parts.len() + 1);
            let names = (0..parts.len()).map(code_name);
            for part in names.chain([String::from("descriptor")]) {
                out.array(3)
                    .bytes(b"wl")
                    .bytes(self.name.as_bytes())
                    .bytes(part.as_bytes());
            }
            out.unsigned(4).bytes(&shared);
        });
        let condition = |command: u64| {
            self.sequence(
                |_, out| {
                    out.unsigned(command).unsigned(15);
                    2
                },
                |_| 0,
            )
        };
        let install = self.sequence(
            |number, out| {
                let uri = format!("#{}", code_name(number));
                out.unsigned(20).map(1).unsigned(21).text(&uri);
                out.unsigned(21).unsigned(15).unsigned(3).unsigned(15);
                6
            },
            |out| {
                out.unsigned(12).unsigned(last).unsigned(18).unsigned(15);
                4
            },
        );
        cbor(|out| {
            out.map(6)
                .unsigned(1)
                .unsigned(1)
                .unsigned(2)
                .unsigned(self.sequence)
                .unsigned(3)
                .bytes(&common);
            out.unsigned(7)
                .bytes(&condition(3))
                .unsigned(9)
                .bytes(&condition(23));
            out.unsigned(20).bytes(&install);
        })
    }

    /// The envelope, signed.
    pub fn envelope(&self) -> Vec<u8> {
        let manifest = cbor(|out| _ = out.bytes(&self.manifest()));
        let digest = cbor(|out| _ = out.array(2).integer(-16).bytes(&sha256(&[&manifest])));
        let block = sign(&self.seed, false, |out| {
            out.array(2).integer(-16).bytes(&sha256(&[&manifest]));
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

impl Part {
    fn write(&self, out: &mut Writer<'_>) {
        out.map(5).unsigned(0).text(self.name).unsigned(1);
        let mut grants = self.grants.clone();
        grants.sort_by_key(|(import, _)| (import.len(), *import));
        out.map(grants.len());
        for (import, labels) in grants {
            out.text(import);
            if labels.is_empty() {
                out.map(0);
                continue;
            }
            out.map(1).unsigned(0).array(labels.len());
            labels.iter().for_each(|label| _ = out.text(label));
        }
        out.unsigned(2).map(self.limits.len());
        for (number, value) in &self.limits {
            out.unsigned(*number).unsigned(*value);
        }
        out.unsigned(3)
            .map(0)
            .unsigned(4)
            .array(self.triggers.len());
        for on in &self.triggers {
            match on {
                On::Interval(ms) => out.array(2).unsigned(0).unsigned(*ms),
                On::Calendar(cron) => out.array(2).unsigned(1).text(cron),
                On::Edge(label, edge) => out.array(3).unsigned(2).text(label).unsigned(*edge),
                On::Message(filter) => out.array(2).unsigned(3).text(filter),
                On::Start => out.array(1).unsigned(4),
                On::Service => out.array(1).unsigned(5),
            };
        }
    }
}
