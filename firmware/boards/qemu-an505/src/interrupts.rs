//! Interrupts and faults.

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

/// Every interrupt lands here, by its number.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match u16::try_from(number) {
        Ok(timer::COUNTER_IRQ) => timer::on_wrap(),
        Ok(timer::ALARM_IRQ) => timer::on_alarm(),
        Ok(uart::RECEIVE_IRQ) => uart::on_receive(),
        _ => {
            FAULT.keep(Fault {
                pc: 0,
                cause: number as u32,
            });
            cortex_m::peripheral::SCB::sys_reset();
        }
    }
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
