//! Interrupts and faults.
//!
//! The vector table has as many entries as the board uses interrupts, which saves flash against the architecture's 480.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{ExceptionFrame, exception};
use petiole_board::fault::{Fault, Record};

use crate::timer;
use crate::uart;

/// A number in the interrupt controller.
#[derive(Clone, Copy)]
pub struct Irq(pub u16);

// SAFETY: the numbers of one board's controller are fixed and distinct.
unsafe impl InterruptNumber for Irq {
    fn number(self) -> u16 {
        self.0
    }
}

/// The fault that ended the run before.
#[unsafe(link_section = ".uninit.fault")]
pub static FAULT: Record = Record::new();

/// Lets the drivers' interrupts through.
pub fn start() {
    for number in [timer::COUNTER_IRQ, timer::ALARM_IRQ, uart::RECEIVE_IRQ] {
        // SAFETY: each has its handler below.
        unsafe { NVIC::unmask(Irq(number)) };
    }
}

/// The vector table behind the processor's own exceptions, up to the highest interrupt in use.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [extern "C" fn(); uart::RECEIVE_IRQ as usize + 1] = {
    let mut table = [unexpected as extern "C" fn(); _];
    table[timer::COUNTER_IRQ as usize] = counter;
    table[timer::ALARM_IRQ as usize] = alarm;
    table[uart::RECEIVE_IRQ as usize] = receive;
    table
};

extern "C" fn counter() {
    timer::on_wrap();
}

extern "C" fn alarm() {
    timer::on_alarm();
}

extern "C" fn receive() {
    uart::on_receive();
}

/// Interrupts that nobody let through.
extern "C" fn unexpected() {
    FAULT.keep(Fault { pc: 0, cause: 0 });
    cortex_m::peripheral::SCB::sys_reset();
}

/// Every fault, and with it every panic, lands here: keep the place, start anew.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    // SAFETY: only the status register is read, and nothing else runs any more.
    let status = unsafe { &*cortex_m::peripheral::SCB::PTR }.cfsr.read();
    FAULT.keep(Fault {
        pc: frame.pc(),
        cause: status,
    });
    cortex_m::peripheral::SCB::sys_reset();
}
