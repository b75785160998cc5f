//! What stands behind the labels of the board's description.

use core::cell::RefCell;

use cortex_m::peripheral::SCB;
use embassy_executor::Spawner;
use embedded_hal::digital::PinState;
use petiole_board::i2c::BitBang;
use petiole_board::models::{Duty, Wire, WireInput, WireOutput};
use petiole_interfaces::gpio::{Driven, Watched};
use petiole_interfaces::{Device, Devices, Resource};
use static_cell::StaticCell;

use crate::button::{self, Button};
use crate::led::Led;
use crate::sensor_bus::{self, Sbcon};
use crate::spi;

/// All devices, ready for use; call once.
pub fn start(spawner: Spawner) -> Devices {
    static BUS: StaticCell<RefCell<BitBang<Sbcon>>> = StaticCell::new();
    static BUTTON: StaticCell<RefCell<Watched<Button>>> = StaticCell::new();
    static DIMMER: StaticCell<RefCell<Duty>> = StaticCell::new();
    static LED: StaticCell<RefCell<Driven<Led>>> = StaticCell::new();
    static LOOP_IN: StaticCell<RefCell<WireInput<'static>>> = StaticCell::new();
    static LOOP_OUT: StaticCell<RefCell<Driven<WireOutput<'static>>>> = StaticCell::new();
    static SPI: StaticCell<RefCell<spi::Loop>> = StaticCell::new();
    static TABLE: StaticCell<[Device; 7]> = StaticCell::new();
    static WIRE: StaticCell<Wire> = StaticCell::new();
    let (loop_out, loop_in) = WIRE.init(Wire::default()).ends();
    let (Ok(button), Ok(led), Ok(loop_out)) = (
        Watched::new(Button),
        Driven::new(Led, PinState::Low),
        Driven::new(loop_out, PinState::Low),
    ) else {
        SCB::sys_reset()
    };
    let button = &*BUTTON.init(RefCell::new(button));
    let Ok(watch) = button::watch(button) else {
        SCB::sys_reset()
    };
    spawner.spawn(watch);
    let resources = [
        ("button", Resource::Input(button)),
        (
            "dimmer",
            Resource::Pwm(DIMMER.init(RefCell::new(Duty::new()))),
        ),
        (
            "i2c-env",
            Resource::I2c(BUS.init(RefCell::new(sensor_bus::start()))),
        ),
        ("led", Resource::Output(LED.init(RefCell::new(led)))),
        (
            "loop-in",
            Resource::Input(LOOP_IN.init(RefCell::new(loop_in))),
        ),
        (
            "loop-out",
            Resource::Output(LOOP_OUT.init(RefCell::new(loop_out))),
        ),
        (
            "spi-loop",
            Resource::Spi(SPI.init(RefCell::new(spi::start()))),
        ),
    ];
    Devices::new(TABLE.init(resources.map(|(label, resource)| Device { label, resource })))
}
