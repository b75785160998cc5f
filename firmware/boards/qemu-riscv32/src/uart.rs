//! The serial port (16550): interrupts fill the receive queue, a task empties the send queue.

use embassy_time::Timer;
use petiole_board::registers::Block;
use petiole_board::serial::Queues;

// SAFETY: the machine's serial port; used here only.
const UART: Block = unsafe { Block::new(0x1000_0000) };

const DATA: usize = 0;
const INTERRUPTS: usize = 1;
const FIFO_CONTROL: usize = 2;
const LINE_CONTROL: usize = 3;
const LINE_STATUS: usize = 5;

const INTERRUPT_RECEIVED: u8 = 1;
const FIFO_ENABLE_AND_CLEAR: u8 = 0b111;
const LINE_EIGHT_BITS: u8 = 0b11;
const STATUS_RECEIVED: u8 = 1;
const STATUS_SEND_EMPTY: u8 = 1 << 5;

/// Bytes that fit into the send FIFO once it is empty.
const FIFO: usize = 16;

/// The port's queues.
pub static QUEUES: Queues = Queues::new();

/// Switches the port on; call once.
pub fn start() {
    UART.write_byte(LINE_CONTROL, LINE_EIGHT_BITS);
    UART.write_byte(FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    UART.write_byte(INTERRUPTS, INTERRUPT_RECEIVED);
}

/// Interrupt handler. It masks its interrupt while the queue is full; the unread bytes keep the sender back.
pub fn on_receive() {
    let room = QUEUES.fill(|| {
        (UART.read_byte(LINE_STATUS) & STATUS_RECEIVED != 0).then(|| UART.read_byte(DATA))
    });
    if !room {
        UART.write_byte(INTERRUPTS, 0);
    }
}

/// Lets the receive interrupt through again, once the queue has room.
pub fn unmask_receive() {
    UART.write_byte(INTERRUPTS, INTERRUPT_RECEIVED);
}

/// Sends what is queued, without end.
#[embassy_executor::task]
pub async fn send() -> ! {
    let mut bytes = [0; FIFO];
    loop {
        let count = QUEUES.to_send(&mut bytes).await;
        while UART.read_byte(LINE_STATUS) & STATUS_SEND_EMPTY == 0 {
            Timer::after_micros(100).await;
        }
        for byte in &bytes[..count] {
            UART.write_byte(DATA, *byte);
        }
    }
}
