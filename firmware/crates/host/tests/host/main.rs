//! The board host against simulated flash, a clock that stands still, and guests without an engine.

mod anchors;
mod components;
mod events;
mod failures;
mod fairness;
mod flips;
mod hostile;
mod lifecycle;
mod limits;
mod messages;
mod patches;
mod power;
mod refusals;
mod stock;
mod support;
mod triggers;
mod updates;
mod values;
