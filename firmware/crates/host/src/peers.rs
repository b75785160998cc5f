//! Which components of a workload use which.

use alloc::vec::Vec;

use petiole_trust::{Component, Grant, Refusal};

use crate::error::Refused;

/// Interfaces whose labels are names that a guest chooses: buckets and subject filters.
const FREE_LABELS: [&str; 2] = ["wasi:keyvalue/", "wasmcloud:messaging/"];

/// The interface behind the labels of pins.
pub const PINS: &str = "wasi:gpio/digital";

/// Whether the labels of a grant name resources of the board or components.
pub fn has_bound_labels(grant: &Grant<'_>) -> bool {
    !FREE_LABELS
        .iter()
        .any(|prefix| grant.import().starts_with(prefix))
}

/// The interface that a board offers a grant's labels under: that of the import, without its version. Pins that are
/// waited for are those of [`PINS`].
pub fn interface<'a>(grant: &Grant<'a>) -> &'a str {
    match grant.import().split('@').next() {
        Some("wasi:gpio/digital-async") => PINS,
        interface => interface.unwrap_or_default(),
    }
}

/// The component of the workload that a grant's only label names, if the board does not offer that label itself.
pub fn provider(
    grant: &Grant<'_>,
    components: &[Component<'_>],
    offered: &[(&str, &str)],
) -> Option<usize> {
    let mut labels = grant.labels();
    let (label, None) = (labels.next()?, labels.next()) else {
        return None;
    };
    if !has_bound_labels(grant) || offered.contains(&(label, interface(grant))) {
        return None;
    }
    components
        .iter()
        .position(|component| component.name() == label)
}

/// The order in which components can be started: each after all that it uses.
///
/// # Errors
/// [`Refusal::Incompatible`] for components that use each other in a ring, with the name of one.
pub fn order(
    components: &[Component<'_>],
    offered: &[(&str, &str)],
) -> Result<Vec<usize>, Refused> {
    let mut order = Vec::with_capacity(components.len());
    while order.len() < components.len() {
        let waits_for_none = |at: &usize| {
            let is_there = |grant| {
                provider(&grant, components, offered)
                    .is_none_or(|provider| order.contains(&provider))
            };
            !order.contains(at) && components[*at].grants().all(is_there)
        };
        match (0..components.len()).find(waits_for_none) {
            Some(next) => order.push(next),
            None => {
                let stuck = (0..components.len()).find(|at| !order.contains(at));
                let name = stuck.map_or("", |at| components[at].name());
                let detail = ["component ", name, " uses itself through others"].concat();
                return Err(Refused::about(Refusal::Incompatible, detail));
            }
        }
    }
    Ok(order)
}
