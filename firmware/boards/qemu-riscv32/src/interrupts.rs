//! Interrupts from devices (SiFive PLIC) and faults.

use petiole_board::fault::{Fault, Record};
use petiole_board::registers::Block;
use riscv::interrupt::Interrupt;

use crate::{reset, uart};

// SAFETY: the machine's interrupt controller; used here only.
const PLIC: Block = unsafe { Block::new(0x0c00_0000) };

const PRIORITY: usize = 0;
const ENABLE: usize = 0x2000;
const THRESHOLD: usize = 0x20_0000;
const CLAIM: usize = 0x20_0004;

const UART_IRQ: u32 = 10;

/// The fault that ended the run before.
#[unsafe(link_section = ".uninit.fault")]
pub static FAULT: Record = Record::new();

/// Lets the drivers' interrupts through.
pub fn start() {
    PLIC.write(PRIORITY + 4 * UART_IRQ as usize, 1);
    PLIC.write(ENABLE, 1 << UART_IRQ);
    PLIC.write(THRESHOLD, 0);
    // SAFETY: its handler is below, and no critical section is open yet.
    unsafe {
        riscv::interrupt::enable_interrupt(Interrupt::MachineExternal);
        riscv::interrupt::enable();
    }
}

#[riscv_rt::core_interrupt(Interrupt::MachineExternal)]
fn machine_external() {
    let number = PLIC.read(CLAIM);
    if number == UART_IRQ {
        uart::on_receive();
    }
    PLIC.write(CLAIM, number);
}

/// Every exception, and with it every panic, lands here: keep the place, start anew.
#[unsafe(export_name = "ExceptionHandler")]
fn exception_handler(_: &riscv_rt::TrapFrame) -> ! {
    FAULT.keep(Fault {
        pc: riscv::register::mepc::read() as u32,
        cause: riscv::register::mcause::read().bits() as u32,
    });
    reset::now();
}
