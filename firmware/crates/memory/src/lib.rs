//! What the compiler calls by name, done better for a board than by its own routines.
//!
//! Memory is copied and filled faster than one word or one byte at a time; [`remainder`] is smaller.
//!
//! Linked for its symbols alone: the C library's `memcpy`, `memmove`, on RISC-V `memset` too, and what the Arm EABI names for
//! memory that is aligned to a word ("Run-time ABI for the Arm Architecture", section 4.3.4). A quarter of what a call of a
//! component costs went there.
#![no_std]

pub mod remainder;

#[cfg(all(target_arch = "arm", target_os = "none"))]
core::arch::global_asm!(include_str!("arm.s"), options(raw));

#[cfg(all(target_arch = "riscv32", target_os = "none"))]
core::arch::global_asm!(include_str!("riscv.s"), options(raw));
