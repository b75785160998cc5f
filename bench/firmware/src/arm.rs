//! mps2-an505: a CMSDK timer at 20 MHz; one count is 50 instructions.

// Linked for its critical sections.
use cortex_m as _;
pub use cortex_m_rt::entry;

const TIMER: *mut u32 = 0x4000_0000 as *mut u32;
const CONTROL: usize = 0;
const VALUE: usize = 1;
const RELOAD: usize = 2;
const INSTRUCTIONS_PER_COUNT: u64 = 50;

/// Lets the timer count down from its highest value.
pub fn start() {
    // SAFETY: registers of the machine's first timer, which nobody else uses.
    unsafe {
        TIMER.add(RELOAD).write_volatile(u32::MAX);
        TIMER.add(VALUE).write_volatile(u32::MAX);
        TIMER.add(CONTROL).write_volatile(1);
    }
}

/// Instructions since [`start`], in steps of 50; for the first 200 billion.
pub fn now() -> u64 {
    // SAFETY: as above.
    let left = unsafe { TIMER.add(VALUE).read_volatile() };
    u64::from(u32::MAX - left) * INSTRUCTIONS_PER_COUNT
}

/// A fault ends the run.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    crate::say("fault", frame.pc().into());
    crate::fail("fault")
}
