//! The board's resources by label.

use core::cell::RefCell;

use crate::gpio::{Input, Output};
use crate::i2c::Bus;
use crate::pwm::Pwm;
use crate::spi;

/// One resource; shared by all guests whose grants name its label.
#[derive(Clone, Copy)]
pub enum Resource {
    /// An I2C bus, offered through `wasi:i2c/i2c`.
    I2c(&'static RefCell<dyn Bus>),
    /// An output pin, offered through `wasi:gpio/digital`.
    Output(&'static RefCell<dyn Output>),
    /// An input pin, offered through `wasi:gpio/digital` and `wasi:gpio/digital-async`.
    Input(&'static RefCell<dyn Input>),
    /// A device on an SPI bus, offered through `wasi:spi/spi`.
    Spi(&'static RefCell<dyn spi::Device>),
    /// A PWM output, offered through `wasi:gpio/pwm`.
    Pwm(&'static RefCell<dyn Pwm>),
}

impl Resource {
    /// The WIT interface that opens the resource, as in `boards/*.toml` and in the board's facts.
    pub fn interface(&self) -> &'static str {
        match self {
            Self::I2c(_) => "wasi:i2c/i2c",
            Self::Output(_) | Self::Input(_) => "wasi:gpio/digital",
            Self::Spi(_) => "wasi:spi/spi",
            Self::Pwm(_) => "wasi:gpio/pwm",
        }
    }
}

/// A resource and the label under which it is offered.
#[derive(Clone, Copy)]
pub struct Device {
    /// The label (formats, section 1).
    pub label: &'static str,
    /// What it stands for.
    pub resource: Resource,
}

/// All resources of a board.
///
/// ```text
/// static BUS: StaticCell<RefCell<Twim>> = StaticCell::new();
/// static DEVICES: StaticCell<[Device; 1]> = StaticCell::new();
/// let bus = BUS.init(RefCell::new(twim));
/// let devices = Devices::new(DEVICES.init([Device { label: "i2c-env", resource: Resource::I2c(bus) }]));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Devices(&'static [Device]);

impl Devices {
    /// The board's table; labels must differ.
    pub const fn new(table: &'static [Device]) -> Self {
        Self(table)
    }

    /// The resource under `label`, with its place in the table.
    pub fn find(&self, label: &str) -> Option<(u32, Resource)> {
        (0..)
            .zip(self.0)
            .find(|(_, device)| device.label == label)
            .map(|(place, device)| (place, device.resource))
    }

    /// The resource at a place that [`Devices::find`] gave.
    pub fn at(&self, place: u32) -> Option<Resource> {
        self.0.get(place as usize).map(|device| device.resource)
    }

    /// Every device, in the order of the board's table.
    pub fn iter(&self) -> impl Iterator<Item = &'static Device> + use<> {
        self.0.iter()
    }
}
