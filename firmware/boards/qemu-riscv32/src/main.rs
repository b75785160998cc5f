//! Board host for QEMU's 32-bit RISC-V `virt` machine with NOR flash.
#![no_std]
#![no_main]

mod entropy;
mod flash;
mod interrupts;
mod led;
mod reset;
mod sensor;
mod timer;
mod uart;

mod layout {
    //! The board's numbers, generated.
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

use core::cell::RefCell;
use core::mem::MaybeUninit;

use embassy_executor::Spawner;
use embedded_hal::digital::PinState;
use petiole_board::flash::Nor;
use petiole_board::heap::Heap;
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
    run(&LAYOUT, &HOOKS, flash, devices(), interrupts::FAULT.take()).await
}

/// What stands behind the labels of the board's description.
fn devices() -> Devices {
    static BUS: StaticCell<RefCell<sensor::ModelBus>> = StaticCell::new();
    static LED: StaticCell<RefCell<Driven<led::Led>>> = StaticCell::new();
    static TABLE: StaticCell<[Device; 2]> = StaticCell::new();
    let Ok(led) = Driven::new(led::Led, PinState::Low) else {
        reset::now()
    };
    Devices::new(TABLE.init([
        Device {
            label: "i2c-env",
            resource: Resource::I2c(BUS.init(RefCell::new(sensor::ModelBus))),
        },
        Device {
            label: "led",
            resource: Resource::Output(LED.init(RefCell::new(led))),
        },
    ]))
}
