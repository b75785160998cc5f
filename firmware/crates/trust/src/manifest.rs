//! The SUIT manifest (draft-ietf-suit-manifest-37, section 8.4; formats reference, section 4).

use petiole_cbor::{Keys, Malformed, Reader};

use crate::code::{CODE_ALIGNMENT, Code};
use crate::digest::{Digest, sha256};
use crate::names::is_name;
use crate::processor::{Processor, command, is_code_name};
use crate::{Descriptor, Refusal};

/// A release has at most this many codes.
pub const MAX_CODES: usize = 4;

/// First segment of each of our component ids: "wl".
const ID_WORKLOAD: &[u8] = &[0x77, 0x6c];
/// Version and three command sequences: every manifest has them.
const MEMBERS: u8 = 4;

/// What was accepted last under a workload's name: the fence against going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Highest sequence number.
    pub sequence: u64,
    /// Digest of the manifest that had it.
    pub release: Digest,
}

/// A manifest that a trusted key signed.
#[derive(Debug, Clone)]
pub struct Manifest<'a> {
    sequence: u64,
    release: Digest,
    name: &'a str,
    vendor: &'a [u8; 16],
    class: &'a [u8; 16],
    codes: [Code<'a>; MAX_CODES],
    count: usize,
    size: u32,
    descriptor: &'a [u8],
}

impl<'a> Manifest<'a> {
    /// Reads a manifest whose signature was checked; `release` is its digest.
    pub(crate) fn parse(bytes: &'a [u8], release: Digest) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        let (mut keys, mut sequence, mut name) = (Keys::new(), None, None);
        let (mut processor, mut members) = (Processor::default(), 0);
        for _ in 0..reader.map()? {
            match keys.next(reader.unsigned()?)? {
                1 if reader.unsigned()? == 1 => members += 1,
                2 => sequence = Some(reader.unsigned()?),
                3 => name = Some(read_common(reader.bytes()?, &mut processor)?),
                7 | 9 | 20 => {
                    processor.run(reader.bytes()?, false)?;
                    members += 1;
                }
                _ => return Err(Refusal::Unsupported),
            }
        }
        reader.end()?;
        let descriptor = processor.descriptor();
        let target = [command::VENDOR, command::CLASS];
        if members != MEMBERS
            || !descriptor.has_done(&target)
            || !descriptor.has_done(&[command::WRITE])
        {
            return Err(Refusal::Malformed);
        }
        let mut codes = [Code {
            offset: 0,
            size: 0,
            digest: &[0; 32],
        }; MAX_CODES];
        let (mut count, mut size) = (0, 0u32);
        for (place, code) in codes.iter_mut().zip(processor.codes()) {
            if (code.vendor, code.class) != (descriptor.vendor, descriptor.class) {
                return Err(Refusal::Unsupported);
            }
            if !code.from_envelope
                || !code.has_done(&target)
                || !code.has_done(&[command::IMAGE, command::FETCH, command::INVOKE])
            {
                return Err(Refusal::Malformed);
            }
            *place = Code {
                offset: size
                    .checked_next_multiple_of(CODE_ALIGNMENT)
                    .ok_or(Refusal::NoSpace)?,
                size: code.size.filter(|size| *size > 0).ok_or(Malformed)?,
                digest: code.digest.ok_or(Malformed)?,
            };
            size = place
                .offset
                .checked_add(place.size)
                .ok_or(Refusal::NoSpace)?;
            count += 1;
        }
        Ok(Self {
            sequence: sequence
                .filter(|number| i64::try_from(*number).is_ok())
                .ok_or(Malformed)?,
            release,
            name: name.ok_or(Malformed)?,
            vendor: descriptor.vendor.ok_or(Malformed)?,
            class: descriptor.class.ok_or(Malformed)?,
            codes,
            count,
            size,
            descriptor: descriptor.content.ok_or(Malformed)?,
        })
    }

    /// Checks that the release is for this device and no step back.
    ///
    /// # Errors
    /// [`Refusal::WrongVendor`], [`Refusal::WrongClass`], [`Refusal::OldSequence`].
    pub fn check(
        &self,
        vendor: &[u8; 16],
        class: &[u8; 16],
        accepted: Option<&Accepted>,
    ) -> Result<(), Refusal> {
        if self.vendor != vendor {
            return Err(Refusal::WrongVendor);
        }
        if self.class != class {
            return Err(Refusal::WrongClass);
        }
        match accepted {
            Some(last) if self.sequence < last.sequence => Err(Refusal::OldSequence),
            Some(last) if self.sequence == last.sequence && self.release != last.release => {
                Err(Refusal::OldSequence)
            }
            _ => Ok(()),
        }
    }

    /// The deployment descriptor that was signed with the code.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::Unsupported`].
    pub fn descriptor(&self) -> Result<Descriptor<'a>, Refusal> {
        let descriptor = Descriptor::parse(self.descriptor)?;
        if descriptor.name() == self.name && descriptor.count() == self.count {
            Ok(descriptor)
        } else {
            Err(Refusal::Malformed)
        }
    }

    /// The sequence number.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The manifest's own digest, which names the release.
    #[must_use]
    pub const fn release(&self) -> &Digest {
        &self.release
    }

    /// The workload's name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The codes, in the order in which they lie.
    #[must_use]
    pub fn codes(&self) -> &[Code<'a>] {
        &self.codes[..self.count]
    }

    /// Size of all codes with what lies between them, bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// What names all of the code: the digest of the only code, or SHA-256 over the digests one after the other.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self.codes() {
            [code] => *code.digest,
            codes => {
                let mut digests: [&[u8]; MAX_CODES] = [&[]; MAX_CODES];
                for (place, code) in digests.iter_mut().zip(codes) {
                    *place = code.digest;
                }
                sha256(&digests)
            }
        }
    }

    /// What to keep against going back once this release is accepted.
    #[must_use]
    pub const fn accepted(&self) -> Accepted {
        Accepted {
            sequence: self.sequence,
            release: self.release,
        }
    }
}

/// Reads the common block and runs its shared sequence; returns the workload's name.
fn read_common<'a>(bytes: &'a [u8], processor: &mut Processor<'a>) -> Result<&'a str, Refusal> {
    let mut reader = Reader::new(bytes);
    let (mut keys, mut name) = (Keys::new(), None);
    for _ in 0..reader.map()? {
        match keys.next(reader.unsigned()?)? {
            2 => name = Some(read_component_ids(&mut reader, processor)?),
            4 => processor.run(reader.bytes()?, true)?,
            _ => return Err(Refusal::Unsupported),
        }
    }
    reader.end()?;
    name.ok_or(Refusal::Malformed)
}

/// Reads the component ids, codes first and the descriptor last; returns the workload's name, which is the same in each.
fn read_component_ids<'a>(
    reader: &mut Reader<'a>,
    processor: &mut Processor<'a>,
) -> Result<&'a str, Refusal> {
    let codes = match reader.array()? {
        ids @ 2.. if ids <= MAX_CODES + 1 => ids - 1,
        _ => return Err(Refusal::Unsupported),
    };
    processor.set_codes(codes);
    let mut name = None;
    for index in 0..=codes {
        reader.array_exactly(3)?;
        if reader.bytes()? != ID_WORKLOAD {
            return Err(Refusal::Unsupported);
        }
        let (of, part) = (reader.bytes()?, reader.bytes()?);
        let fits = if index < codes {
            is_code_name(part, index)
        } else {
            part == b"descriptor"
        };
        if !fits || *name.get_or_insert(of) != of {
            return Err(Refusal::Malformed);
        }
    }
    name.and_then(|name| core::str::from_utf8(name).ok())
        .filter(|name| is_name(name))
        .ok_or(Refusal::Malformed)
}
