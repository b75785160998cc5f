//! The engine, as the workload manager sees it.

use alloc::boxed::Box;
use alloc::string::String;

use petiole_interfaces::{Limits, Port};
use petiole_trust::{Component, Refusal, VerifiedCode};

/// Why an artifact was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// [`Refusal::NotGranted`], [`Refusal::NoSuchLabel`], [`Refusal::Incompatible`], [`Refusal::OverLimit`], or
    /// [`Refusal::NoSpace`] when the heap is used up for now.
    pub refusal: Refusal,
    /// The import's name, the label or the engine's words.
    pub detail: String,
}

/// Why a running guest was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// It trapped.
    Trap,
    /// It used up the fuel of one call.
    Fuel,
    /// It wanted more memory than its limit.
    Memory,
    /// Anything else.
    Error,
}

impl StopKind {
    /// The word that a reason begins with (formats reference, section 6).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Error => "error",
        }
    }
}

/// A stop and its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What happened.
    pub kind: StopKind,
    /// The trap's name, the limit's value or the guest's own words.
    pub message: String,
}

/// A call that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Fuel it used.
    pub fuel: u64,
    /// The error that the handler returned.
    pub error: Option<String>,
}

/// Loads and runs guests. Implemented over `petiole-engine` on boards and by a fake in tests.
pub trait GuestRunner {
    /// A loaded component with all that belongs to it; dropping it frees everything.
    type Guest;

    /// The highest limits this board can give.
    fn maximum(&self) -> Limits;

    /// The labels that this board offers, each with the interface behind it.
    fn labels(&self) -> &[(&'static str, &'static str)];

    /// Whether the code could be loaded, without keeping it.
    ///
    /// # Errors
    /// Those of [`GuestRunner::load`].
    fn check(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
    ) -> Result<(), LoadError>;

    /// Loads and instantiates a component with its grants, limits and config.
    ///
    /// # Errors
    /// See [`LoadError`].
    fn load(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        port: Box<dyn Port>,
    ) -> Result<Self::Guest, LoadError>;

    /// Calls the guest's handler once.
    ///
    /// # Errors
    /// A [`Stop`], after which the guest must be dropped.
    fn run(&mut self, guest: &mut Self::Guest) -> Result<Run, Stop>;
}
