//! The bounds of one component.

/// Limits of a component (formats, section 5); the defaults are the standard's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel for each call; about one unit an instruction.
    pub fuel: u64,
    /// Linear memory, bytes.
    pub memory: u32,
    /// The guest's stack in the engine, bytes.
    pub stack: u32,
    /// Bytes that pass from the guest to the host in one call.
    pub host_call_bytes: u32,
    /// Fuel that a component gets back each second.
    pub fuel_refill: u64,
    /// Open handles (buses, pins) at a time.
    pub handles: u32,
    /// Messages a second.
    pub messages: u32,
    /// Telemetry bytes an hour.
    pub telemetry: u32,
    /// Key-value bytes.
    pub key_value: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 1_000_000,
            memory: 65_536,
            stack: 4_096,
            host_call_bytes: 4_096,
            fuel_refill: 2_000_000,
            handles: 8,
            messages: 10,
            telemetry: 262_144,
            key_value: 4_096,
        }
    }
}
