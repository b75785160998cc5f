//! The board host against simulated flash, a clock that stands still, and guests without an engine.

mod events;
mod hostile;
mod lifecycle;
mod power;
mod refusals;
mod support;
