//! What belongs to one guest on the host's side.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::fmt;

use petiole_interfaces::meter::Meter;
use petiole_interfaces::{Config, Devices, Grants, Limits, Port, Resource};
use wasmtime::ResourceLimiter;

use crate::hosts::Waits;
use crate::local::Local;
use crate::mailbox::Mailbox;

/// Stands for what a guest has open; the handle's number is a device's place in the board's table, a bucket's in the grant,
/// or a wait's in [`Waits`].
///
/// One type for all kinds keeps the image small; each call looks at the device's kind again.
pub struct Handle;

/// The data of a guest's store: what its host calls work on.
pub struct State {
    pub port: Box<dyn Port>,
    pub devices: Devices,
    pub grants: Grants,
    pub config: Config,
    pub limits: Limits,
    pub telemetry: Meter,
    pub memory: Memory,
    pub waits: Waits,
}

impl State {
    /// The device that an interface (without its version) may open under `label`, and its place in the board's table; or why not.
    pub fn granted(&self, interface: &str, label: &str) -> Result<(u32, Resource), &'static str> {
        if !self.grants.allows_label(interface, label) {
            return Err("not-granted");
        }
        self.devices.find(label).ok_or("no-such-label")
    }
}

// SAFETY: a store and all it holds stay on the thread of the guest, which is not `Send`.
unsafe impl Send for State {}

/// Counts what all instances of a component have together, and holds it to the limits.
pub struct Memory {
    limit: usize,
    used: usize,
    entries: usize,
    mailbox: Local<Rc<Mailbox>>,
}

impl Memory {
    pub fn new(limit: u32, mailbox: Rc<Mailbox>) -> Self {
        Self {
            limit: limit as usize,
            used: 0,
            entries: 0,
            mailbox: Local::new(mailbox),
        }
    }
}

/// The guest wanted more memory than there is for it.
#[derive(Debug)]
pub enum MemoryExceeded {
    /// More than its limit.
    Limit { wanted: usize, limit: usize },
    /// More than it started with: a board has no place where memory could grow.
    Fixed { wanted: usize, used: usize },
    /// More table entries than a component may have.
    Table { wanted: usize },
}

impl fmt::Display for MemoryExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit { wanted, limit } => {
                write!(f, "wanted {wanted} bytes of memory, limit {limit}")
            }
            Self::Fixed { wanted, used } => {
                write!(
                    f,
                    "wanted {wanted} bytes of memory, but on a board it stays at the {used} it started with"
                )
            }
            Self::Table { wanted } => {
                write!(f, "wanted {wanted} table entries, limit {TABLE_ENTRIES}")
            }
        }
    }
}

impl core::error::Error for MemoryExceeded {}

/// Entries that all tables of a guest may have together; each costs the board a pointer.
const TABLE_ENTRIES: usize = 256;
/// Core instances, memories and tables that a component may have, of each. As `wit-component` ties it, it has three instances;
/// `petiole-aot` mostly leaves one.
const INSTANCES: usize = 32;

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.used + (desired - current);
        if wanted > self.limit {
            return Err(wasmtime::Error::new(MemoryExceeded::Limit {
                wanted,
                limit: self.limit,
            }));
        }
        if current > 0 {
            return Err(wasmtime::Error::new(MemoryExceeded::Fixed {
                wanted,
                used: self.used,
            }));
        }
        self.used = wanted;
        self.mailbox.get().memory.set(wanted as u32);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.entries + (desired - current);
        if wanted > TABLE_ENTRIES {
            return Err(wasmtime::Error::new(MemoryExceeded::Table { wanted }));
        }
        self.entries = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        INSTANCES
    }
}
