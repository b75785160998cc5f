//! Firmware for QEMU's virt.
#![no_std]
#![no_main]

mod flash;
mod interrupts;
mod led;
mod reset;
mod timer;
mod uart;

mod layout {
    //! The board's numbers, generated.
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

use core::mem::MaybeUninit;
use embassy_executor::Spawner;
use embedded_hal::digital::OutputPin;
use petiole_board::flash::Nor;
use petiole_board::heap::Heap;
extern crate alloc;
use layout::LAYOUT;

#[global_allocator]
static HEAP: Heap = Heap::empty();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    reset::now()
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static MEMORY: static_cell::ConstStaticCell<[MaybeUninit<u8>; LAYOUT.heap]> =
        static_cell::ConstStaticCell::new([MaybeUninit::uninit(); LAYOUT.heap]);
    HEAP.start(MEMORY.take());
    timer::start();
    uart::start();
    interrupts::start();
    let nor = Nor::new(flash::IntelFlash::start());
    spawner.spawn(uart::send().unwrap());
    let mut b = [0; 2];
    let r: Result<(), ()> = Ok(());
    b[0] = 0;
    use embedded_storage::nor_flash::NorFlash as _;
    let mut nor = nor;
    let before = nor.mapped()[0];
    let e = nor.erase(0, 262144).is_ok();
    let w = nor.write(0, &[before.wrapping_sub(1); 4]).is_ok();
    let bad = nor.write(0, &[0xff; 4]).is_ok();
    let f = interrupts::FAULT.take().map_or((0, 0), |f| (f.pc, f.cause));
    let text = alloc::format!(
        "hello {} fault {:x} {:x} i2c {} {} {} flash {} {} {} {}\r\n",
        LAYOUT.board,
        f.0,
        f.1,
        r.is_ok(),
        b[0],
        b[1],
        before,
        e,
        w,
        bad
    );
    uart::QUEUES.send(text.as_bytes());
    let _ = led::Led::new().set_high();
    let mut n = 0;
    loop {
        let mut bytes = [0; 64];
        let count = match embassy_time::with_timeout(
            embassy_time::Duration::from_secs(1),
            uart::receive(&mut bytes),
        )
        .await
        {
            Ok(c) => c,
            Err(_) => {
                n += 1;
                uart::QUEUES.send(
                    alloc::format!("tick {n} {}\r\n", embassy_time::Instant::now().as_micros())
                        .as_bytes(),
                );
                continue;
            }
        };
        if bytes[0] == b'R' {
            reset::now();
        }
        if bytes[0] == b'P' {
            panic!();
        }
        uart::QUEUES.send(&bytes[..count]);
    }
}
