//! The watchdog: the CMSDK APB watchdog of the IoT kit, in the secure world. It first raises the processor's NMI, where the place
//! is kept; when that does not end in a reset, the watchdog itself resets the machine one period later.

use core::arch::naked_asm;

use petiole_board::fault::Fault;
use petiole_board::registers::Block;
use petiole_board::watchdog::PATIENCE;

use crate::interrupts::FAULT;
use crate::layout::LAYOUT;

// SAFETY: the secure watchdog; used here only.
const WATCHDOG: Block = unsafe { Block::new(0x5008_1000) };

const LOAD: usize = 0x0;
const CONTROL: usize = 0x8;
const INTCLR: usize = 0xc;
const CONTROL_INTERRUPT: u32 = 1;
const CONTROL_RESET: u32 = 1 << 1;

const COUNTS: u64 = PATIENCE * (LAYOUT.timer_hz as u64 / 1_000_000);
const _: () = assert!(COUNTS <= u32::MAX as u64);

/// Starts it; from now on it wants to be fed.
pub fn start() {
    WATCHDOG.write(LOAD, COUNTS as u32);
    WATCHDOG.write(CONTROL, CONTROL_INTERRUPT | CONTROL_RESET);
}

/// Gives the main loop another period.
pub fn feed() {
    WATCHDOG.write(INTCLR, 1);
}

/// The main loop stayed away: hands the stacked registers on. Guests run on the main stack pointer too.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn NonMaskableInt() {
    naked_asm!("mrs r0, msp", "b {keep}", keep = sym keep_place)
}

extern "C" fn keep_place(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    FAULT.keep(Fault::hung(frame.pc()));
    cortex_m::peripheral::SCB::sys_reset();
}
