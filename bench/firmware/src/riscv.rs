//! virt: the core counts its instructions itself.

pub use riscv_rt::entry;

/// Nothing to start.
pub fn start() {}

/// Instructions since the machine started.
pub fn now() -> u64 {
    riscv::register::minstret::read64()
}

/// A fault ends the run.
// SAFETY: riscv-rt asks for this symbol with this signature.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(_: &riscv_rt::TrapFrame) -> ! {
    crate::say("fault", riscv::register::mepc::read() as u64);
    crate::fail("fault")
}
