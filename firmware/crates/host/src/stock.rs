//! What stock MCUmgr tools ask: tasks, statistics, settings (formats reference, section 8).

use alloc::string::String;

use petiole_interfaces::Level;
use petiole_link::Task;
use petiole_store::MappedFlash;

use crate::GuestRunner;
use crate::manager::Manager;
use crate::shared::Shared;

/// The one group of statistics.
pub const GROUPS: [&str; 1] = ["host"];
/// The one setting.
const LOG_LEVEL: &str = "log/level";
const LEVELS: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("critical", Level::Critical),
];
const READY: u8 = 0;
const WAITING: u8 = 1;

impl Shared {
    /// Log lines below this level are passed over; a number that is none means all of them.
    pub fn set_level(&self, number: u8) {
        let known = LEVELS.iter().find(|(_, level)| *level as u8 == number);
        self.level.set(known.map_or(Level::Trace, |known| known.1));
    }
}

impl<F: MappedFlash + 'static, R: GuestRunner> Manager<F, R> {
    /// Hands a row for each component that runs to `row`: `workload/component`.
    pub fn tasks(&self, row: &mut dyn FnMut(&Task<'_>)) {
        let members = self.workloads.iter().flat_map(|known| &known.members);
        for member in members {
            let usage = self.runner.usage(&member.guest);
            let origin = &member.origin;
            let goes_on = member.active.is_some() && member.ready.get();
            row(&Task {
                name: &[&*origin.workload, "/", &origin.component].concat(),
                state: if goes_on { READY } else { WAITING },
                stack: (usage.stack, member.limits.stack),
                calls: u32::try_from(member.calls).unwrap_or(u32::MAX),
                used: usage.fuel,
            });
        }
    }

    /// Hands counters since the start to `field`.
    pub fn statistics(&self, group: &str, field: &mut dyn FnMut(&str, u64)) {
        if !GROUPS.contains(&group) {
            return;
        }
        let members = || self.workloads.iter().flat_map(|known| &known.members);
        let (heap, events) = (self.shared.board.heap(), self.shared.events.borrow());
        field("starts", u64::from(events.boot()));
        field("up-ms", self.shared.now_ms());
        field("heap-size", u64::from(heap.size));
        field("heap-used", u64::from(heap.used));
        field("heap-peak", u64::from(heap.peak));
        field("components", members().count() as u64);
        field("calls", members().map(|member| member.calls).sum());
        field(
            "slices",
            members().map(|member| u64::from(member.slices)).sum(),
        );
        let latest = members().map(|member| member.latest_ms).max();
        field("latest-ms", latest.unwrap_or_default());
        field("stops", u64::from(self.shared.stops.get()));
        field("limits", u64::from(self.shared.limits.get()));
        field("messages", u64::from(self.shared.messages.get()));
        field("events", u64::from(events.newest()));
        field("dropped", u64::from(events.lost()));
    }

    /// A setting as text.
    pub fn setting(&self, name: &str) -> Option<String> {
        let known = LEVELS
            .iter()
            .find(|(_, level)| *level == self.shared.level.get());
        known
            .filter(|_| name == LOG_LEVEL)
            .map(|known| String::from(known.0))
    }

    /// Changes a setting and keeps it; false when it cannot have this value or the flash refused it.
    pub fn set_setting(&mut self, name: &str, value: &str) -> bool {
        let known = LEVELS.iter().find(|(text, _)| *text == value);
        let Some((_, level)) = known.filter(|_| name == LOG_LEVEL) else {
            return false;
        };
        self.shared.level.set(*level);
        self.store().set_log_level(*level as u8).is_ok()
    }
}
