//! UART 0 (CMSDK APB UART): interrupts fill the receive queue, a task empties the send queue.

use cortex_m::peripheral::NVIC;
use embassy_time::Timer;
use petiole_board::serial::Queues;

use crate::interrupts::Irq;
use crate::layout::LAYOUT;
use petiole_board::registers::Block;

/// Interrupt number of the receiver.
pub const RECEIVE_IRQ: u16 = 32;

// SAFETY: UART 0 of the FPGA image; used here only.
const UART: Block = unsafe { Block::new(0x4020_0000) };

const DATA: usize = 0x0;
const STATE: usize = 0x4;
const CTRL: usize = 0x8;
const INTSTATUS: usize = 0xc;
const BAUDDIV: usize = 0x10;

const STATE_SEND_FULL: u32 = 1;
const STATE_RECEIVED: u32 = 1 << 1;
const CTRL_SEND: u32 = 1;
const CTRL_RECEIVE: u32 = 1 << 1;
const CTRL_RECEIVE_INTERRUPT: u32 = 1 << 3;
const INTSTATUS_RECEIVED: u32 = 1 << 1;

const BAUD: u32 = 115_200;

/// The port's queues.
pub static QUEUES: Queues = Queues::new();

/// Switches the port on; call once.
pub fn start() {
    UART.write(BAUDDIV, LAYOUT.timer_hz / BAUD);
    UART.write(CTRL, CTRL_SEND | CTRL_RECEIVE | CTRL_RECEIVE_INTERRUPT);
}

/// Interrupt handler of the receiver. It masks itself while the queue is full; the unread byte keeps the sender back.
pub fn on_receive() {
    let room = QUEUES.fill(|| {
        (UART.read(STATE) & STATE_RECEIVED != 0).then(|| {
            UART.write(INTSTATUS, INTSTATUS_RECEIVED);
            UART.read(DATA) as u8
        })
    });
    if !room {
        NVIC::mask(Irq(RECEIVE_IRQ));
    }
}

/// Lets the receive interrupt through again, once the queue has room.
pub fn unmask_receive() {
    // SAFETY: the handler may run at any time; no critical section is made of this mask.
    unsafe { NVIC::unmask(Irq(RECEIVE_IRQ)) };
}

/// Sends what is queued, without end.
#[embassy_executor::task]
pub async fn send() -> ! {
    let mut bytes = [0; 64];
    loop {
        let count = QUEUES.to_send(&mut bytes).await;
        for byte in &bytes[..count] {
            while UART.read(STATE) & STATE_SEND_FULL != 0 {
                Timer::after_micros(100).await;
            }
            UART.write(DATA, u32::from(*byte));
        }
    }
}
