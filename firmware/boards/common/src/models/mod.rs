//! Stand-ins for hardware that an emulated machine has not, over the same embedded-hal traits as the real thing.
//!
//! | Model | Is |
//! |---|---|
//! | [`NoPin`] | a pin that leads nowhere: an output nobody sees, an input that is always low |
//! | [`Wire`] | a wire from an output to an input, which counts its edges |
//! | [`Loopback`] | an SPI bus whose data output is its data input |
//! | [`Duty`] | a PWM output that remembers its duty |
//! | [`Tmp105`] | an I2C bus with a temperature sensor on it |

mod pins;
mod pwm;
mod spi;
mod tmp105;

pub use pins::{NoPin, Wire, WireInput, WireOutput};
pub use pwm::Duty;
pub use spi::Loopback;
pub use tmp105::{NobodyThere, Tmp105};
