//! Copies and fills memory faster than the compiler's own routines, which take one word or one byte at a time.
//!
//! Linked for its symbols alone: the C library's `memcpy`, on RISC-V `memmove` and `memset` too, and what the Arm EABI names for
//! memory that is aligned to a word ("Run-time ABI for the Arm Architecture", section 4.3.4). A quarter of what a call of a
//! component costs went there.
#![no_std]

#[cfg(all(target_arch = "arm", target_os = "none"))]
core::arch::global_asm!(include_str!("arm.s"), options(raw));

#[cfg(all(target_arch = "riscv32", target_os = "none"))]
core::arch::global_asm!(include_str!("riscv.s"), options(raw));
