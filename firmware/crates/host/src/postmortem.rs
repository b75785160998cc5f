//! What remains of a stopped component (formats reference, sections 6 and 8).

use alloc::string::String;

use crate::events::Field;
use crate::member::Origin;
use crate::{Stop, StopKind};

/// A stop, as it is told and kept.
pub struct PostMortem<'a> {
    /// Whose.
    pub origin: &'a Origin,
    /// Manifest digest of its release.
    pub release: &'a [u8; 32],
    /// Why: the kind's word, then the message.
    pub reason: &'a str,
    /// What the engine said.
    pub stop: &'a Stop,
    /// Fuel of the call that ended so.
    pub fuel: u64,
    /// When, milliseconds since the start.
    pub at_ms: u64,
}

/// Fields of a stop event.
pub const FIELDS: usize = 12;

impl<'a> PostMortem<'a> {
    /// As fields of an event.
    pub fn fields(&self) -> [(&'static str, Field<'a>); FIELDS] {
        let stop = self.stop;
        let number = |value: Option<u32>| {
            value.map_or(Field::Null, |value| Field::Unsigned(u64::from(value)))
        };
        let trap = match stop.kind {
            StopKind::Trap => &*stop.message,
            kind => kind.label(),
        };
        [
            ("wl", Field::Text(&self.origin.workload)),
            ("ver", Field::Text(&self.origin.version)),
            ("rel", Field::Bytes(self.release)),
            ("comp", Field::Text(&self.origin.component)),
            ("reason", Field::Text(self.reason)),
            ("trap", Field::Text(trap)),
            ("pc", number(stop.pc)),
            ("fn", number(stop.function)),
            ("fuel", Field::Unsigned(self.fuel)),
            ("mem", Field::Unsigned(u64::from(stop.usage.memory))),
            ("stack", Field::Unsigned(u64::from(stop.usage.stack))),
            ("at", Field::Unsigned(self.at_ms)),
        ]
    }
}

/// The reason of a stop, as reports have it.
pub fn reason(stop: &Stop) -> String {
    [stop.kind.label(), ": ", &stop.message].concat()
}
