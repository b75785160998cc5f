//! Code that arrives as a patch against the code that runs (formats reference, section 9).

use alloc::boxed::Box;

use petiole_delta::{Header, Malformed, Patch};
use petiole_store::{Candidate, MappedFlash, Phase};
use petiole_trust::{Refusal, sha256};

use crate::GuestRunner;
use crate::error::Refused;
use crate::manager::Manager;

/// A patch on its way.
pub struct Patching {
    /// The workload that it is for.
    index: u8,
    /// Offset in the patch that is wanted next.
    next: u32,
    patch: Patch,
    base: &'static [u8],
}

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Takes a block of a patch. Returns the offset wanted next, and whether the release is staged.
    pub fn patch_block(&mut self, offset: u32, data: &[u8]) -> Result<(u32, bool), Refused> {
        let (at, Candidate { release, phase }) = self.expected()?;
        let end = offset.saturating_add(data.len() as u32);
        if phase == Phase::Staged {
            return Ok((end, true));
        }
        let index = self.workloads[at].index;
        let (mut patching, rest) = match self.patching.take() {
            _ if offset == 0 => self.begin_patch(at, data)?,
            Some(patching) if patching.index == index => (patching, data),
            _ => return Ok((0, false)),
        };
        if offset != patching.next {
            let next = patching.next;
            self.patching = Some(patching);
            return Ok((next, false));
        }
        let mut written = Ok(true);
        let fed = patching.patch.feed(rest, patching.base, &mut |piece| {
            written = self.write(at, &release, piece);
            matches!(written, Ok(true))
        });
        if !written? {
            // What a cut left was erased: from the beginning, over what is there.
            return Ok((0, false));
        }
        if let Err(error) = fed {
            // What it made so far is worth nothing; the code that comes in its place erases it.
            self.workloads[at].offset = 0;
            return Err(malformed(error));
        }
        if patching.patch.is_done() {
            self.stage_or_drop(at, &release)?;
            return Ok((end, true));
        }
        patching.next = end;
        self.patching = Some(patching);
        Ok((end, false))
    }

    /// Reads the header of a patch and looks for what it starts from; also what of the patch comes behind it.
    fn begin_patch<'d>(
        &mut self,
        at: usize,
        data: &'d [u8],
    ) -> Result<(Box<Patching>, &'d [u8]), Refused> {
        let (header, rest) = Header::read(data).map_err(malformed)?;
        let workload = &mut self.workloads[at];
        let index = workload.index;
        // Code that was written before is compared, not written again.
        workload.offset = 0;
        let (running, next) = (workload.record.running, workload.record.next);
        let base = running.map_or(&[][..], |release| self.code_of(index, &release));
        if base.is_empty() || sha256(&[base]) != *header.base {
            return Err(Refused::new(
                Refusal::WrongState,
                "the code that this patch starts from does not run here: send the code itself",
            ));
        }
        if next.is_none_or(|next| next.release.code != header.size) {
            return Err(malformed(Malformed));
        }
        let patching = Patching {
            index,
            next: 0,
            patch: Patch::new(header.size),
            base,
        };
        Ok((Box::new(patching), rest))
    }
}

fn malformed(_: Malformed) -> Refused {
    Refused::new(
        Refusal::Malformed,
        "this is no patch that makes the code of the release",
    )
}
