//! The last fault, kept over the reset that follows it.
//!
//! A panic is compiled to the processor's undefined instruction (`-Cpanic=immediate-abort`), so everything fatal ends in the
//! board's fault handler, and a main loop that hangs in that of the watchdog. That writes the place into RAM which the start-up code leaves alone, and resets; the next start finds it.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// Where and why the processor stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Program counter.
    pub pc: u32,
    /// The architecture's cause: CFSR on Cortex-M, mcause on RISC-V; or [`Fault::HUNG`].
    pub cause: u32,
}

impl Fault {
    /// The cause that stands for the watchdog; no architecture has it.
    pub const HUNG: u32 = u32::MAX;

    /// What the watchdog found: the main loop does not come round, and the processor is at `pc`.
    pub const fn hung(pc: u32) -> Self {
        Self {
            pc,
            cause: Self::HUNG,
        }
    }
}

/// Memory for one [`Fault`]; a static in the section `.uninit`.
pub struct Record(UnsafeCell<MaybeUninit<[u32; 4]>>);

const MAGIC: u32 = 0x5045_5430;

// SAFETY: written only by the fault handler, which does not return; read and cleared only by `take`, before tasks run.
unsafe impl Sync for Record {}

impl Record {
    /// A record with whatever the RAM holds.
    pub const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Fault handler: keeps the fault for the next start.
    pub fn keep(&self, fault: Fault) {
        let words = [MAGIC, fault.pc, fault.cause, MAGIC ^ fault.pc ^ fault.cause];
        // SAFETY: see `Sync`; volatile, because nothing in this run reads it back.
        unsafe { self.0.get().write_volatile(MaybeUninit::new(words)) };
    }

    /// The fault that ended the run before this one, once; none after a power cut or an ordered reset.
    pub fn take(&self) -> Option<Fault> {
        // SAFETY: see `Sync`; every bit pattern is a valid word, and volatile words read from RAM are some pattern.
        let [magic, pc, cause, check] = unsafe { self.0.get().cast::<[u32; 4]>().read_volatile() };
        // SAFETY: see `Sync`.
        unsafe { self.0.get().write_volatile(MaybeUninit::new([0; 4])) };
        (magic == MAGIC && check == MAGIC ^ pc ^ cause).then_some(Fault { pc, cause })
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}
