//! A flag and its name.

use alloc::string::String;
use core::fmt;
use core::ops::Deref;

use crate::alloc;

/// A set of flags.
pub trait Flags: Sized + 'static {
    /// The number that holds it.
    type Bits;

    /// Every flag, in the order in which they are declared.
    const FLAGS: &'static [Flag<Self>];

    /// A bit for each flag.
    fn bits(&self) -> Self::Bits;
}

/// One flag, or several that have a name together.
#[derive(Debug)]
pub struct Flag<S> {
    name: Name,
    value: S,
}

impl<S> Flag<S> {
    /// A flag of this name, which has only ASCII characters.
    pub const fn new(name: &'static str, value: S) -> Self {
        assert!(name.is_ascii());
        Self {
            name: Name(name),
            value,
        }
    }

    /// Its name, as it is declared.
    pub const fn name(&self) -> Name {
        self.name
    }

    /// The set of just this flag.
    pub const fn value(&self) -> &S {
        &self.value
    }
}

/// The name of a flag, of ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name(&'static str);

impl Name {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The name in lower case.
    pub fn to_lowercase(self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}
