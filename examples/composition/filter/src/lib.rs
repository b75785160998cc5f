//! Smooths readings. No host calls this component: another one of the workload does.
#![no_std]

use core::cell::RefCell;

#[allow(missing_docs)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "petiole:example/provider" });
}

use bindings::exports::petiole::example::filter::{Error, Guest, Summary};

const MOST: usize = 8;

/// The newest readings, a ring.
struct Readings {
    values: [f64; MOST],
    taken: usize,
}

/// A component has one thread.
struct Shared(RefCell<Readings>);
// SAFETY: see above.
unsafe impl Sync for Shared {}

static READINGS: Shared = Shared(RefCell::new(Readings {
    values: [0.0; MOST],
    taken: 0,
}));

struct Filter;

impl Guest for Filter {
    fn add(reading: f64) -> Result<Summary, Error> {
        if !reading.is_finite() {
            return Err(Error::NotANumber);
        }
        let mut readings = READINGS.0.borrow_mut();
        let place = readings.taken % MOST;
        readings.values[place] = reading;
        readings.taken += 1;
        let newest = &readings.values[..readings.taken.min(MOST)];
        Ok(Summary {
            count: newest.len() as u32,
            lowest: newest.iter().copied().fold(f64::INFINITY, f64::min),
            mean: newest.iter().sum::<f64>() / newest.len() as f64,
            highest: newest.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

petiole_guest::component!(Filter);
bindings::export!(Filter with_types_in bindings);
