//! When a component runs (formats reference, section 5).

use petiole_cbor::{Malformed, Reader};

use crate::names::{is_name, is_subject_filter};

/// A change of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// From low to high.
    Rising,
    /// From high to low.
    Falling,
    /// Either.
    Any,
}

/// What makes a component run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger<'a> {
    /// Every this many milliseconds, at least 1; the first run one interval after the start.
    Interval(u64),
    /// The times of a calendar.
    Calendar {
        /// Cron fields, five or six; their text was **not** checked.
        cron: &'a str,
        /// A name of the time zone database, not checked; none is UTC.
        zone: Option<&'a str>,
    },
    /// A change of an input.
    Edge {
        /// The input's label.
        label: &'a str,
        /// The changes that count.
        edge: Edge,
    },
    /// A message whose subject passes this filter.
    Message(&'a str),
    /// Once at each start.
    Start,
    /// Called at the start and meant to stay.
    Service,
}

impl<'a> Trigger<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let count = reader.array()?;
        let (trigger, size) = match reader.unsigned()? {
            0 => (Self::Interval(reader.unsigned()?), 2),
            1 => {
                let cron = reader.text()?;
                let zone = (count > 2).then(|| reader.text()).transpose()?;
                (Self::Calendar { cron, zone }, count.clamp(2, 3))
            }
            2 => {
                let label = reader.text()?;
                let edge = match reader.unsigned()? {
                    0 => Edge::Rising,
                    1 => Edge::Falling,
                    2 => Edge::Any,
                    _ => return Err(Malformed),
                };
                (Self::Edge { label, edge }, 3)
            }
            3 => (Self::Message(reader.text()?), 2),
            4 => (Self::Start, 1),
            5 => (Self::Service, 1),
            _ => return Err(Malformed),
        };
        let fits = match trigger {
            Self::Interval(ms) => ms > 0,
            Self::Edge { label, .. } => is_name(label),
            Self::Message(filter) => is_subject_filter(filter),
            _ => true,
        };
        if fits && count == size {
            Ok(trigger)
        } else {
            Err(Malformed)
        }
    }
}
