//! What the deployment descriptor lets one component use.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Interfaces that come with another one: the second reaches nothing that the first does not.
const COMPANIONS: &[(&str, &str)] = &[
    ("petiole:i2c/buses@", "wasi:i2c/i2c@"),
    ("petiole:clock/synchronization@", "wasi:clocks/wall-clock@"),
];

/// Interfaces that reach nothing by themselves.
const FREE: &[&str] = &[
    "wasi:io/poll@",
    "wasi:gpio/types@",
    "wasmcloud:messaging/types@",
];

struct Grant {
    import: String,
    labels: Vec<String>,
}

/// Imports a component may have, each with the labels it may open. Empty means: nothing at all.
#[derive(Default)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// No grant.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Grants the import with this full name (`wasi:i2c/i2c@0.2.0-draft`), narrowed to `labels`.
    pub fn allow<'a>(&mut self, import: &str, labels: impl IntoIterator<Item = &'a str>) {
        let labels = labels.into_iter().map(ToOwned::to_owned).collect();
        // Most components have few, and keep them: no room for more.
        self.0.reserve_exact(1);
        self.0.push(Grant {
            import: import.to_owned(),
            labels,
        });
    }

    /// Whether the import is granted, itself or as the companion of a granted one, or needs no grant.
    pub fn allows(&self, import: &str) -> bool {
        self.0.iter().any(|grant| grant.import == import)
            || FREE.iter().any(|free| import.starts_with(free))
            || COMPANIONS.iter().any(|(companion, main)| {
                import.starts_with(companion)
                    && self.0.iter().any(|grant| grant.import.starts_with(main))
            })
    }

    /// Whether an interface, given without its version (`wasi:i2c/i2c`), may open `label`.
    pub fn allows_label(&self, interface: &str, label: &str) -> bool {
        self.labels(interface).any(|granted| granted == label)
    }

    /// The labels that an interface, given without its version, may open. Those of `wasi:keyvalue/store` are buckets,
    /// those of `wasmcloud:messaging/consumer` subject filters.
    pub fn labels<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |grant| grant.import.split('@').next() == Some(interface))
            .flat_map(|grant| grant.labels.iter().map(String::as_str))
    }
}

/// The component's config values, in the order of the descriptor.
#[derive(Default)]
pub struct Config(Vec<(String, String)>);

impl Config {
    /// No values.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a value.
    pub fn set(&mut self, key: &str, value: &str) {
        self.0.push((key.to_owned(), value.to_owned()));
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests;
