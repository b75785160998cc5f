//! Code on its way into a slot: from the edge host in blocks, or from another slot of the board.

use core::ops::Range;

use petiole_store::{Candidate, MappedFlash, Phase, Release, Side, Store, Written};
use petiole_trust::{Code, Digest, Refusal, sha256};

use crate::GuestRunner;
use crate::error::Refused;
use crate::manager::Manager;
use crate::workload::Workload;

/// Bytes that are copied at a time.
const COPIED: usize = 256;

/// One component's code within the code of its release.
pub struct Part {
    offset: u32,
    size: u32,
    digest: Digest,
}

impl Part {
    /// As the manifest describes it.
    pub fn new(code: &Code<'_>) -> Self {
        Self {
            offset: code.offset,
            size: code.size,
            digest: *code.digest,
        }
    }
}

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// The workload whose code is expected, and its release.
    pub(crate) fn expected(&self) -> Result<(usize, Candidate), Refused> {
        let index = self.receiving;
        let expects = |workload: &Workload<R::Guest>| Some(workload.index) == index;
        let at = self.workloads.iter().position(expects);
        let candidate = at.and_then(|at| Some((at, self.workloads[at].record.next?)));
        candidate
            .filter(|(_, next)| matches!(next.phase, Phase::Downloading | Phase::Staged))
            .ok_or_else(|| {
                Refused::new(
                    Refusal::WrongState,
                    "no code is expected: send its envelope first",
                )
            })
    }

    /// Takes a block of code. Returns the offset wanted next, and whether the release is staged.
    pub fn code_block(&mut self, offset: u32, data: &[u8]) -> Result<(u32, bool), Refused> {
        let (at, Candidate { release, phase }) = self.expected()?;
        if phase == Phase::Staged {
            return Ok((release.code, true));
        }
        self.patching = None;
        let wanted = self.workloads[at].offset;
        if offset != wanted {
            return Ok((wanted, false));
        }
        if data.len() > (release.code - offset) as usize {
            return Err(Refused::new(
                Refusal::Malformed,
                "more bytes than the code was said to have",
            ));
        }
        self.write(at, &release, data)?;
        self.copy_known(at, false)?;
        let workload = &self.workloads[at];
        let staged = matches!(workload.record.next, Some(next) if next.phase == Phase::Staged);
        Ok((workload.offset, staged))
    }

    /// Writes code at the offset wanted next, as much of it as fills whole flash words. False: something else was there, and
    /// the offset went back.
    pub(crate) fn write(
        &mut self,
        at: usize,
        release: &Release,
        data: &[u8],
    ) -> Result<bool, Refused> {
        let workload = &self.workloads[at];
        let (index, offset) = (workload.index, workload.offset);
        let count = Store::<F>::writable(release, offset, data.len() as u32);
        let data = &data[..count as usize];
        let written = self.store().write_code(index, release, offset, data)?;
        match written {
            Written::All => self.workloads[at].offset += count,
            Written::Conflict(place) => self.mend(at, release, place)?,
        }
        Ok(written == Written::All)
    }

    /// Erases what a cut left behind, as little of it as the flash allows, and goes back to before it.
    fn mend(&mut self, at: usize, release: &Release, place: u32) -> Result<(), Refused> {
        let index = self.workloads[at].index;
        match Store::<F>::mend_from(release, place) {
            (0, _) => {
                let envelope = self.envelope_of(index, release).to_vec();
                self.rewrite(at, release, &envelope)
            }
            (from, offset) => {
                self.workloads[at].offset = offset;
                self.set_phase(at, Phase::Erasing(from))?;
                self.store().erase(index, release, from)?;
                self.set_phase(at, Phase::Downloading)
            }
        }
    }

    /// Copies code that lies on the board already, from the offset wanted next on; stages the release when that was the last of it.
    /// Looking for code costs a signature and a hash, so within a part it is done only when asked for.
    pub(crate) fn copy_known(&mut self, at: usize, within: bool) -> Result<(), Refused> {
        let Some(Candidate { release, phase }) = self.workloads[at].record.next else {
            return Ok(());
        };
        if phase != Phase::Downloading {
            return Ok(());
        }
        loop {
            let offset = self.workloads[at].offset;
            if offset >= release.code {
                return self.stage_or_drop(at, &release);
            }
            let Some(number) = self.parts.iter().rposition(|part| part.offset <= offset) else {
                return Ok(());
            };
            let part = &self.parts[number];
            let next = self.parts.get(number + 1);
            let end = next.map_or(release.code, |next| next.offset);
            if !within && part.offset != offset {
                return Ok(());
            }
            let place = (self.workloads[at].index, release.side);
            let Some(code) = self.find_code(place, part) else {
                return Ok(());
            };
            let start = part.offset;
            self.copy(at, &release, start..end, code)?;
            if self.workloads[at].offset == offset {
                return Ok(());
            }
        }
    }

    /// Copies a part of a release from where the offset is, with the zeroes behind it.
    fn copy(
        &mut self,
        at: usize,
        release: &Release,
        range: Range<u32>,
        code: &[u8],
    ) -> Result<(), Refused> {
        let mut chunk = [0; COPIED];
        loop {
            let offset = self.workloads[at].offset;
            if !range.contains(&offset) {
                return Ok(());
            }
            let count = ((range.end - offset) as usize).min(COPIED);
            let rest = code.get((offset - range.start) as usize..).unwrap_or(&[]);
            let known = rest.len().min(count);
            chunk[..known].copy_from_slice(&rest[..known]);
            chunk[known..].fill(0);
            let all = self.write(at, release, &chunk[..count])?;
            if !all || self.workloads[at].offset == offset {
                return Ok(());
            }
        }
    }

    /// Code with this digest in any slot but one, which is being written.
    fn find_code(&self, but: (u8, Side), part: &Part) -> Option<&'static [u8]> {
        let count = self.store().layout().count;
        for index in 0..count {
            for side in [Side::A, Side::B] {
                if (index, side) != but
                    && let Some(code) = self.code_in(index, side, part)
                {
                    return Some(code);
                }
            }
        }
        None
    }

    fn code_in(&self, index: u8, side: Side, part: &Part) -> Option<&'static [u8]> {
        let envelope = self.store().found_envelope(index, side)?;
        if !envelope.windows(32).any(|bytes| bytes == part.digest) {
            return None;
        }
        let manifest = self.verify_envelope(envelope).ok()?;
        let release = Release {
            side,
            envelope: envelope.len() as u32,
            code: manifest.size(),
        };
        let known = manifest
            .codes()
            .iter()
            .find(|code| (*code.digest, code.size) == (part.digest, part.size))?;
        if !self.store().fits(release.envelope, release.code) {
            return None;
        }
        let start = known.offset as usize;
        let bytes = self.code_of(index, &release);
        let bytes = bytes.get(start..start + part.size as usize)?;
        (sha256(&[bytes]) == part.digest).then_some(bytes)
    }

    pub(crate) fn stage_or_drop(&mut self, at: usize, release: &Release) -> Result<(), Refused> {
        self.stage(at, release)
            .inspect_err(|refused| self.drop_candidate(at, false, refused.reason()))
    }

    /// All code is there: checks that it is the signed one and that the engine takes it.
    fn stage(&mut self, at: usize, release: &Release) -> Result<(), Refused> {
        let index = self.workloads[at].index;
        let (manifest, descriptor) = self.verify(index, release)?;
        let code = self.code_of(index, release);
        if !manifest.is_complete(code) {
            return Err(Refusal::DigestMismatch.into());
        }
        self.emit_state_as(at, "verified", "");
        match self.check(&manifest, &descriptor, code) {
            // The release that runs may hold what this one needs: activation will tell.
            Err(refused) if refused.refusal() == Refusal::NoSpace => {}
            checked => checked?,
        }
        self.set_phase(at, Phase::Staged)?;
        self.emit_state(at);
        Ok(())
    }
}
