//! Board host for QEMU's mps2-an505: a Cortex-M33 with a TMP105 on I2C.
#![no_std]
#![no_main]

mod button;
mod devices;
mod entropy;
mod flash;
mod interrupts;
mod led;
mod sensor_bus;
mod spi;
mod timer;
mod uart;
mod watchdog;

mod layout {
    //! The board's numbers, generated.
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

use core::mem::MaybeUninit;

use cortex_m::peripheral::SCB;
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
    feed_watchdog: watchdog::feed,
    reset: || SCB::sys_reset(),
};

/// Reached only where `core` is not compiled to abort at once.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    static MEMORY: ConstStaticCell<[MaybeUninit<u8>; LAYOUT.heap]> =
        ConstStaticCell::new([MaybeUninit::uninit(); LAYOUT.heap]);
    HEAP.start(MEMORY.take());
    timer::start();
    uart::start();
    interrupts::start();
    watchdog::start();
    let flash = flash::FileBacked::open().unwrap_or_else(|error| {
        semihosting::eprintln!("{error}");
        semihosting::process::exit(1)
    });
    let Ok(sender) = uart::send() else {
        SCB::sys_reset()
    };
    spawner.spawn(sender);
    run(
        &LAYOUT,
        &HOOKS,
        Nor::new(flash),
        devices::start(spawner),
        interrupts::FAULT.take(),
    )
    .await
}
