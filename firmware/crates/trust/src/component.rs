//! One component of a descriptor: grants, limits, configuration, triggers (formats reference, section 5).

use petiole_cbor::{Keys, Malformed, Reader};

use crate::names::{is_name, is_subject_filter};
use crate::trigger::Trigger;

/// Interfaces of this package have subject filters for labels.
const MESSAGING: &str = "wasmcloud:messaging/";

/// Limits of one component, with the standard's defaults where the descriptor has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel for each call.
    pub fuel: u64,
    /// Linear memory, bytes.
    pub memory: u64,
    /// Stack, bytes.
    pub stack: u64,
    /// Bytes that cross to the host in each call.
    pub host_call_bytes: u64,
    /// Fuel that comes back each second.
    pub fuel_refill: u64,
    /// Open resources.
    pub handles: u64,
    /// Telemetry records and log lines a second.
    pub messages: u64,
    /// Telemetry bytes an hour.
    pub telemetry: u64,
    /// Key-value bytes.
    pub key_value: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 1_000_000,
            memory: 65_536,
            stack: 4_096,
            host_call_bytes: 4_096,
            fuel_refill: 2_000_000,
            handles: 8,
            messages: 10,
            telemetry: 262_144,
            key_value: 4_096,
        }
    }
}

/// Permission to use one interface.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    import: &'a str,
    labels: Reader<'a>,
}

impl<'a> Grant<'a> {
    /// Full import name, for example `wasi:i2c/i2c@0.2.0-draft`.
    #[must_use]
    pub const fn import(&self) -> &'a str {
        self.import
    }

    /// The labels that the interface may open; of a key-value grant bucket names, of a messaging grant subject filters.
    pub fn labels(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut reader = self.labels;
        let count = match reader.map() {
            Ok(1) => reader.unsigned().and_then(|_| reader.array()).unwrap_or(0),
            _ => 0,
        };
        (0..count).map_while(move |_| reader.text().ok())
    }
}

/// One component's permissions. What is read lazily was checked when the descriptor was parsed.
#[derive(Debug, Clone)]
pub struct Component<'a> {
    name: &'a str,
    grants: Reader<'a>,
    limits: Limits,
    config: Reader<'a>,
    triggers: Reader<'a>,
}

impl<'a> Component<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Its limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it may use.
    pub fn grants(&self) -> impl Iterator<Item = Grant<'a>> + use<'a> {
        let mut reader = self.grants;
        (0..reader.map().unwrap_or(0)).map_while(move |_| {
            let import = reader.text().ok()?;
            let labels = reader;
            reader.skip().ok()?;
            Some(Grant { import, labels })
        })
    }

    /// Its configuration.
    pub fn config(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut reader = self.config;
        (0..reader.map().unwrap_or(0))
            .map_while(move |_| Some((reader.text().ok()?, reader.text().ok()?)))
    }

    /// When it runs.
    pub fn triggers(&self) -> impl Iterator<Item = Trigger<'a>> + use<'a> {
        let mut reader = self.triggers;
        (0..reader.array().unwrap_or(0)).map_while(move |_| Trigger::read(&mut reader).ok())
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if reader.map()? != 5 {
            return Err(Malformed);
        }
        key(reader, 0)?;
        let name = Some(reader.text()?)
            .filter(|name| is_name(name))
            .ok_or(Malformed)?;
        key(reader, 1)?;
        let grants = *reader;
        each_text_key(reader, check_grant)?;
        key(reader, 2)?;
        let limits = read_limits(reader)?;
        key(reader, 3)?;
        let config = *reader;
        each_text_key(reader, |_, reader| reader.text().map(drop))?;
        key(reader, 4)?;
        let triggers = *reader;
        for _ in 0..reader.array()? {
            Trigger::read(reader)?;
        }
        Ok(Self {
            name,
            grants,
            limits,
            config,
            triggers,
        })
    }
}

/// The next integer key, which must be `expected`.
pub fn key(reader: &mut Reader<'_>, expected: u64) -> Result<(), Malformed> {
    if reader.unsigned()? == expected {
        Ok(())
    } else {
        Err(Malformed)
    }
}

/// A map with text keys, each once and in deterministic order; `value` gets a key and reads its value.
fn each_text_key<'a>(
    reader: &mut Reader<'a>,
    mut value: impl FnMut(&str, &mut Reader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut last = None;
    for _ in 0..reader.map()? {
        let name = reader.text()?;
        if last.is_some_and(|last: &str| (last.len(), last) >= (name.len(), name)) {
            return Err(Malformed);
        }
        last = Some(name);
        value(name, reader)?;
    }
    Ok(())
}

fn check_grant(import: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    match reader.map()? {
        0 => return Ok(()),
        1 => key(reader, 0)?,
        _ => return Err(Malformed),
    }
    let is_label = if import.starts_with(MESSAGING) {
        is_subject_filter
    } else {
        is_name
    };
    let count = reader.array()?;
    for _ in 0..count {
        if !is_label(reader.text()?) {
            return Err(Malformed);
        }
    }
    if count > 0 { Ok(()) } else { Err(Malformed) }
}

fn read_limits(reader: &mut Reader<'_>) -> Result<Limits, Malformed> {
    let (mut keys, mut limits) = (Keys::new(), Limits::default());
    for _ in 0..reader.map()? {
        let place = match keys.next(reader.unsigned()?)? {
            0 => &mut limits.fuel,
            1 => &mut limits.memory,
            2 => &mut limits.stack,
            3 => &mut limits.host_call_bytes,
            4 => &mut limits.fuel_refill,
            5 => &mut limits.handles,
            6 => &mut limits.messages,
            7 => &mut limits.telemetry,
            8 => &mut limits.key_value,
            _ => return Err(Malformed),
        };
        *place = reader.unsigned()?;
    }
    Ok(limits)
}
