//! Board host for QEMU's 32-bit RISC-V `virt` machine with NOR flash.
#![no_std]
#![no_main]

mod devices;
mod entropy;
mod flash;
mod interrupts;
mod reset;
mod timer;
mod uart;

mod layout {
    //! The board's numbers, generated.
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

use core::mem::MaybeUninit;

use embassy_executor::Spawner;
use petiole_board::flash::Nor;
use petiole_board::heap::Heap;
use petiole_board::{Hooks, run};
use static_cell::ConstStaticCell;

use layout::LAYOUT;

#[global_allocator]
static HEAP: Heap = Heap::empty();

static HOOKS: Hooks = Hooks {
    heap: &HEAP,
    serial: &uart::QUEUES,
    unmask_receive: uart::unmask_receive,
    entropy: entropy::fill,
    feed_watchdog: timer::feed_watchdog,
    reset: reset::now,
};

/// Reached only where `core` is not compiled to abort at once.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: raises an exception, whose handler keeps the place and restarts the machine.
    unsafe { core::arch::asm!("unimp", options(noreturn)) }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    static MEMORY: ConstStaticCell<[MaybeUninit<u8>; LAYOUT.heap]> =
        ConstStaticCell::new([MaybeUninit::uninit(); LAYOUT.heap]);
    HEAP.start(MEMORY.take());
    timer::start();
    uart::start();
    interrupts::start();
    let Ok(sender) = uart::send() else {
        reset::now()
    };
    spawner.spawn(sender);
    let flash = Nor::new(flash::IntelFlash::start());
    run(
        &LAYOUT,
        &HOOKS,
        flash,
        devices::start(),
        interrupts::FAULT.take(),
    )
    .await
}
