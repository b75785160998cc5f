//! SUIT command sequences (draft-ietf-suit-manifest-37, section 8.4): the few commands of ours.

use petiole_cbor::{Keys, Malformed, Reader};

use crate::Refusal;
use crate::digest::Digest;
use crate::manifest::MAX_CODES;
use crate::suit::read_digest;

/// Highest reporting policy, the argument of conditions and most directives.
const REPORT_ALL: u64 = 15;

/// Numbers of commands.
pub mod command {
    pub const VENDOR: u64 = 1;
    pub const CLASS: u64 = 2;
    pub const IMAGE: u64 = 3;
    pub const SET_COMPONENT: u64 = 12;
    pub const WRITE: u64 = 18;
    pub const OVERRIDE: u64 = 20;
    pub const FETCH: u64 = 21;
    pub const INVOKE: u64 = 23;
}

/// What the sequences say of one component.
#[derive(Clone, Copy, Default)]
pub struct Parameters<'a> {
    pub vendor: Option<&'a [u8; 16]>,
    pub class: Option<&'a [u8; 16]>,
    pub digest: Option<&'a Digest>,
    pub size: Option<u32>,
    pub content: Option<&'a [u8]>,
    pub from_envelope: bool,
    /// Bit n: command n was met.
    done: u32,
}

impl Parameters<'_> {
    pub fn has_done(&self, commands: &[u64]) -> bool {
        commands.iter().all(|number| self.done & 1 << number != 0)
    }
}

/// Follows command sequences. What conditions say is noted here; vendor and class are decided by
/// [`Manifest::check`](crate::Manifest::check), a code's digest by [`Manifest::verify_code`](crate::Manifest::verify_code),
/// so no sequence can leave a check out.
#[derive(Default)]
pub struct Processor<'a> {
    /// Code components, then the descriptor.
    components: [Parameters<'a>; MAX_CODES + 1],
    codes: usize,
}

impl<'a> Processor<'a> {
    /// Sets how many code components there are; at most [`MAX_CODES`].
    pub const fn set_codes(&mut self, codes: usize) {
        self.codes = codes;
    }

    /// The code components.
    pub fn codes(&self) -> &[Parameters<'a>] {
        &self.components[..self.codes]
    }

    /// The descriptor.
    pub const fn descriptor(&self) -> &Parameters<'a> {
        &self.components[self.codes]
    }

    /// `shared` sequences set what the release is; the others may only say where a code comes from.
    pub fn run(&mut self, sequence: &'a [u8], shared: bool) -> Result<(), Refusal> {
        let mut reader = Reader::new(sequence);
        let count = reader.array()?;
        let mut index = 0;
        for _ in 0..count / 2 {
            let number = reader.unsigned()?;
            let is_code = index < self.codes;
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
                command::IMAGE | command::FETCH | command::INVOKE => !shared && is_code,
                command::WRITE => !shared && !is_code,
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
        if index > self.codes {
            return Err(Malformed);
        }
        self.components.get_mut(index).ok_or(Malformed)
    }

    fn override_parameters(
        &mut self,
        index: usize,
        reader: &mut Reader<'a>,
        shared: bool,
    ) -> Result<(), Refusal> {
        let is_code = index < self.codes;
        let component = self.component(index)?;
        let mut keys = Keys::new();
        for _ in 0..reader.map()? {
            match keys.next(reader.unsigned()?)? {
                1 if shared => component.vendor = Some(reader.array_of()?),
                2 if shared => component.class = Some(reader.array_of()?),
                3 if shared => component.digest = Some(read_digest(reader.bytes()?)?),
                14 if shared => component.size = Some(reader.unsigned32()?),
                18 if shared => component.content = Some(reader.bytes()?),
                21 if !shared && is_code && is_uri(reader.text()?, index) => {
                    component.from_envelope = true;
                }
                _ => return Err(Refusal::Unsupported),
            }
        }
        Ok(())
    }
}

/// Whether `uri` is where the code of component `index` lies in an envelope: `#code`, `#code1`, `#code2`, ...
fn is_uri(uri: &str, index: usize) -> bool {
    uri.strip_prefix('#')
        .is_some_and(|name| is_code_name(name.as_bytes(), index))
}

/// Whether `name` is the last part of the id of code component `index`: `code`, `code1`, `code2`, ...
pub fn is_code_name(name: &[u8], index: usize) -> bool {
    match (index, name.strip_prefix(b"code")) {
        (0, Some([])) => true,
        (1..=MAX_CODES, Some([digit])) => usize::from(*digit) == usize::from(b'0') + index,
        _ => false,
    }
}
