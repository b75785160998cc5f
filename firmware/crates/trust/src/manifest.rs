//! The SUIT manifest: a processor for the commands of formats reference, section 4.

use petiole_cbor::{Keys, Malformed, Reader};

use crate::digest::Digest;
use crate::suit::read_digest;
use crate::{Descriptor, Refusal};

/// First segment of each of our component ids: "wl".
const ID_WORKLOAD: &[u8] = &[0x77, 0x6c];
const CODE: usize = 0;
const DESCRIPTOR: usize = 1;
/// Version and three command sequences: every manifest has them.
const MEMBERS: u8 = 4;
/// Highest reporting policy, the argument of conditions and most directives.
const REPORT_ALL: u64 = 15;

mod command {
    pub const VENDOR: u64 = 1;
    pub const CLASS: u64 = 2;
    pub const IMAGE: u64 = 3;
    pub const SET_COMPONENT: u64 = 12;
    pub const WRITE: u64 = 18;
    pub const OVERRIDE: u64 = 20;
    pub const FETCH: u64 = 21;
    pub const INVOKE: u64 = 23;
}

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
    digest: &'a Digest,
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
        let [code, descriptor] = &processor.components;
        if (code.vendor, code.class) != (descriptor.vendor, descriptor.class) {
            return Err(Refusal::Unsupported);
        }
        let target = [command::VENDOR, command::CLASS];
        if members != MEMBERS
            || !code.from_envelope
            || !code.has_done(&target)
            || !code.has_done(&[command::IMAGE, command::FETCH, command::INVOKE])
            || !descriptor.has_done(&target)
            || !descriptor.has_done(&[command::WRITE])
        {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            sequence: sequence
                .filter(|number| i64::try_from(*number).is_ok())
                .ok_or(Malformed)?,
            release,
            name: name.ok_or(Malformed)?,
            vendor: code.vendor.ok_or(Malformed)?,
            class: code.class.ok_or(Malformed)?,
            digest: code.digest.ok_or(Malformed)?,
            size: code.size.filter(|size| *size > 0).ok_or(Malformed)?,
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
        if descriptor.name() == self.name {
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

    /// The code's digest.
    #[must_use]
    pub const fn digest(&self) -> &'a Digest {
        self.digest
    }

    /// The code's size, bytes.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
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
            2 => name = Some(read_component_ids(&mut reader)?),
            4 => processor.run(reader.bytes()?, true)?,
            _ => return Err(Refusal::Unsupported),
        }
    }
    reader.end()?;
    name.ok_or(Refusal::Malformed)
}

fn read_component_ids<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Refusal> {
    match reader.array()? {
        0 | 1 => return Err(Refusal::Malformed),
        2 => {}
        _ => return Err(Refusal::Unsupported),
    }
    let mut names = [&[][..]; 2];
    for (name, part) in names.iter_mut().zip([&b"code"[..], b"descriptor"]) {
        reader.array_exactly(3)?;
        let prefix = reader.bytes()?;
        *name = reader.bytes()?;
        if prefix != ID_WORKLOAD || reader.bytes()? != part {
            return Err(Refusal::Unsupported);
        }
    }
    match core::str::from_utf8(names[CODE]) {
        Ok(name) if names[DESCRIPTOR] == names[CODE] && is_name(name) => Ok(name),
        _ => Err(Refusal::Malformed),
    }
}

/// Whether `text` is a name of ours (formats reference, section 1).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    (1..=32).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

#[derive(Default)]
struct Parameters<'a> {
    vendor: Option<&'a [u8; 16]>,
    class: Option<&'a [u8; 16]>,
    digest: Option<&'a Digest>,
    size: Option<u32>,
    content: Option<&'a [u8]>,
    from_envelope: bool,
    /// Bit n: command n was met.
    done: u32,
}

impl Parameters<'_> {
    fn has_done(&self, commands: &[u64]) -> bool {
        commands.iter().all(|number| self.done & 1 << number != 0)
    }
}

/// Follows command sequences. What conditions say is noted here; vendor and class are decided by [`Manifest::check`], the
/// code's digest by [`Manifest::verify_code`], so no sequence can leave a check out.
#[derive(Default)]
struct Processor<'a> {
    components: [Parameters<'a>; 2],
}

impl<'a> Processor<'a> {
    /// `shared` sequences set what the release is; the others may only say where the code comes from.
    fn run(&mut self, sequence: &'a [u8], shared: bool) -> Result<(), Refusal> {
        let mut reader = Reader::new(sequence);
        let count = reader.array()?;
        let mut index = CODE;
        for _ in 0..count / 2 {
            let number = reader.unsigned()?;
            let allowed = match number {
                command::SET_COMPONENT => {
                    index = reader.unsigned32()? as usize;
                    self.component(index)?;
                    continue;
                }
                command::OVERRIDE => {
                    self.override_parameters(index, &mut reader, shared)?;
                    continue;
                }
                command::VENDOR | command::CLASS => true,
                command::IMAGE | command::FETCH | command::INVOKE => !shared && index == CODE,
                command::WRITE => !shared && index == DESCRIPTOR,
                _ => false,
            };
            if !allowed {
                return Err(Refusal::Unsupported);
            }
            if reader.unsigned()? > REPORT_ALL {
                return Err(Refusal::Malformed);
            }
            self.component(index)?.done |= 1 << number;
        }
        if count % 2 != 0 {
            return Err(Refusal::Malformed);
        }
        Ok(reader.end()?)
    }

    fn component(&mut self, index: usize) -> Result<&mut Parameters<'a>, Malformed> {
        self.components.get_mut(index).ok_or(Malformed)
    }

    fn override_parameters(
        &mut self,
        index: usize,
        reader: &mut Reader<'a>,
        shared: bool,
    ) -> Result<(), Refusal> {
        let component = self.component(index)?;
        let mut keys = Keys::new();
        for _ in 0..reader.map()? {
            match keys.next(reader.unsigned()?)? {
                1 if shared => component.vendor = Some(reader.array_of()?),
                2 if shared => component.class = Some(reader.array_of()?),
                3 if shared => component.digest = Some(read_digest(reader.bytes()?)?),
                14 if shared => component.size = Some(reader.unsigned32()?),
                18 if shared => component.content = Some(reader.bytes()?),
                21 if !shared && index == CODE && reader.text()? == "#code" => {
                    component.from_envelope = true
                }
                _ => return Err(Refusal::Unsupported),
            }
        }
        Ok(())
    }
}
