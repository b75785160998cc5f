//! Board host for QEMU's mps2-an505: a Cortex-M33 with a TMP105 on I2C.
#![no_std]
#![no_main]

mod entropy;
mod flash;
mod interrupts;
mod led;
mod sensor_bus;
mod timer;
mod uart;

mod layout {
    //! The board's numbers, generated.
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

use core::cell::RefCell;
use core::mem::MaybeUninit;

use cortex_m::peripheral::SCB;
use embassy_executor::Spawner;
use embedded_hal::digital::PinState;
use petiole_board::flash::Nor;
use petiole_board::heap::Heap;
use petiole_board::i2c::BitBang;
use petiole_board::{Hooks, run};
use petiole_interfaces::gpio::Driven;
use petiole_interfaces::{Device, Devices, Resource};
use static_cell::{ConstStaticCell, StaticCell};

use layout::LAYOUT;

#[global_allocator]
static HEAP: Heap = Heap::empty();

static HOOKS: Hooks = Hooks {
    heap: &HEAP,
    serial: &uart::QUEUES,
    unmask_receive: uart::unmask_receive,
    entropy: entropy::fill,
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
        devices(),
        interrupts::FAULT.take(),
    )
    .await
}

/// What stands behind the labels of the board's description.
fn devices() -> Devices {
    static BUS: StaticCell<RefCell<BitBang<sensor_bus::Sbcon>>> = StaticCell::new();
    static LED: StaticCell<RefCell<Driven<led::Led>>> = StaticCell::new();
    static TABLE: StaticCell<[Device; 2]> = StaticCell::new();
    let Ok(led) = Driven::new(led::Led, PinState::Low) else {
        SCB::sys_reset()
    };
    Devices::new(TABLE.init([
        Device {
            label: "i2c-env",
            resource: Resource::I2c(BUS.init(RefCell::new(sensor_bus::start()))),
        },
        Device {
            label: "led",
            resource: Resource::Output(LED.init(RefCell::new(led))),
        },
    ]))
}
