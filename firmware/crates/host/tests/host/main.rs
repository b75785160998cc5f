//! The board host against simulated flash, a clock that stands still, and guests without an engine.

mod components;
mod events;
mod fairness;
mod hostile;
mod lifecycle;
mod limits;
mod power;
mod refusals;
mod support;
mod triggers;
