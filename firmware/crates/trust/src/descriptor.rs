//! The deployment descriptor (formats reference, section 5).

use petiole_cbor::{Malformed, Reader};

use crate::Refusal;
use crate::component::{Component, key};
use crate::manifest::MAX_CODES;
use crate::names::is_name;

/// The only format there is.
const FORMAT: u64 = 1;
const MAX_VERSION: usize = 32;

/// When a release has shown that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probation {
    /// Good calls that make it healthy.
    pub calls: u64,
    /// Seconds after which it is rolled back unless confirmed.
    pub seconds: u64,
}

/// What a workload is allowed and how it runs. What is read lazily was checked when the descriptor was parsed.
#[derive(Debug, Clone)]
pub struct Descriptor<'a> {
    name: &'a str,
    version: &'a str,
    components: Reader<'a>,
    count: usize,
    probation: Probation,
}

impl<'a> Descriptor<'a> {
    /// Reads a descriptor and checks all of it.
    ///
    /// # Errors
    /// [`Refusal::Malformed`]; [`Refusal::Unsupported`] for more than [`MAX_CODES`] components.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        if reader.map()? != 5 {
            return Err(Refusal::Malformed);
        }
        key(&mut reader, 0)?;
        if reader.unsigned()? != FORMAT {
            return Err(Refusal::Malformed);
        }
        key(&mut reader, 1)?;
        let name = Some(reader.text()?)
            .filter(|name| is_name(name))
            .ok_or(Malformed)?;
        key(&mut reader, 2)?;
        let version = reader.text()?;
        if !(1..=MAX_VERSION).contains(&version.len()) {
            return Err(Refusal::Malformed);
        }
        key(&mut reader, 3)?;
        let count = reader.array()?;
        if count > MAX_CODES {
            return Err(Refusal::Unsupported);
        }
        let components = reader;
        let mut names = [""; MAX_CODES];
        for at in 0..count {
            let component = Component::read(&mut reader)?;
            if names[..at].contains(&component.name()) {
                return Err(Refusal::Malformed);
            }
            names[at] = component.name();
        }
        key(&mut reader, 4)?;
        let probation = read_probation(&mut reader)?;
        reader.end()?;
        if count == 0 {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            name,
            version,
            components,
            count,
            probation,
        })
    }

    /// The workload's name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The release version for people.
    #[must_use]
    pub const fn version(&self) -> &'a str {
        self.version
    }

    /// How many components there are: one to [`MAX_CODES`].
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The components, in the order of their codes.
    pub fn components(&self) -> impl Iterator<Item = Component<'a>> + use<'a> {
        let mut reader = self.components;
        (0..self.count).map_while(move |_| Component::read(&mut reader).ok())
    }

    /// How the release shows that it works.
    #[must_use]
    pub const fn probation(&self) -> Probation {
        self.probation
    }
}

fn read_probation(reader: &mut Reader<'_>) -> Result<Probation, Malformed> {
    if reader.map()? != 2 {
        return Err(Malformed);
    }
    key(reader, 0)?;
    let calls = reader.unsigned()?;
    key(reader, 1)?;
    Ok(Probation {
        calls,
        seconds: reader.unsigned()?,
    })
}
