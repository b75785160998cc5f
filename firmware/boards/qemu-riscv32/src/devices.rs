//! What stands behind the labels of the board's description: models, because the machine has no such hardware.

use core::cell::RefCell;

use embassy_time::Delay;
use embedded_hal::digital::PinState;
use embedded_hal_bus::spi::ExclusiveDevice;
use petiole_board::models::{Duty, Loopback, NoPin, Tmp105, Wire, WireInput, WireOutput};
use petiole_interfaces::gpio::{Driven, Watched};
use petiole_interfaces::{Device, Devices, Resource};
use static_cell::StaticCell;

use crate::reset;

/// What the sensor senses, 1/256 °C.
const TEMPERATURE: i16 = 21 << 8 | 0x80;

/// All devices, ready for use; call once.
pub fn start() -> Devices {
    static BUS: StaticCell<RefCell<Tmp105>> = StaticCell::new();
    static BUTTON: StaticCell<RefCell<Watched<NoPin>>> = StaticCell::new();
    static DIMMER: StaticCell<RefCell<Duty>> = StaticCell::new();
    static LED: StaticCell<RefCell<Driven<NoPin>>> = StaticCell::new();
    static LOOP_IN: StaticCell<RefCell<WireInput<'static>>> = StaticCell::new();
    static LOOP_OUT: StaticCell<RefCell<Driven<WireOutput<'static>>>> = StaticCell::new();
    static SPI: StaticCell<RefCell<ExclusiveDevice<Loopback, NoPin, Delay>>> = StaticCell::new();
    static TABLE: StaticCell<[Device; 7]> = StaticCell::new();
    static WIRE: StaticCell<Wire> = StaticCell::new();
    let (loop_out, loop_in) = WIRE.init(Wire::default()).ends();
    let (Ok(button), Ok(led), Ok(loop_out)) = (
        Watched::new(NoPin),
        Driven::new(NoPin, PinState::Low),
        Driven::new(loop_out, PinState::Low),
    ) else {
        reset::now()
    };
    let Ok(spi) = ExclusiveDevice::new(Loopback, NoPin, Delay);
    let resources = [
        ("button", Resource::Input(BUTTON.init(RefCell::new(button)))),
        (
            "dimmer",
            Resource::Pwm(DIMMER.init(RefCell::new(Duty::new()))),
        ),
        (
            "i2c-env",
            Resource::I2c(BUS.init(RefCell::new(Tmp105::new(TEMPERATURE)))),
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
        ("spi-loop", Resource::Spi(SPI.init(RefCell::new(spi)))),
    ];
    Devices::new(TABLE.init(resources.map(|(label, resource)| Device { label, resource })))
}
