//! The engine, as the workload manager sees it.

use alloc::boxed::Box;
use alloc::string::String;
use core::task::{Context, Poll, Waker};

use petiole_interfaces::gpio::Edges;
use petiole_interfaces::{Limits, Message, Port};
use petiole_trust::{Component, Refusal, VerifiedCode};

/// What a guest is called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `petiole:schedule/handler`, `run`.
    Run,
    /// `wasi:cli/run`, `run`: stays as long as it likes. It has no fuel limit of its own; the manager holds it to the
    /// refill rate.
    Service,
    /// `petiole:gpio/handler`, `edge`.
    Edge {
        /// Which input.
        label: String,
        /// Its level after the edge.
        high: bool,
    },
    /// `wasmcloud:messaging/handler`, `handle-message`.
    Message(Message),
}

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
    /// It broke another limit, which has this name.
    Limit(&'static str),
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
            Self::Limit(name) => name,
            Self::Error => "error",
        }
    }
}

/// What a guest takes of the board.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel since it was loaded, up to now: also of a call that goes on, rounded up to a slice, and of calls of its peers.
    pub fuel: u64,
    /// Linear memory, bytes.
    pub memory: u32,
    /// Most of the stack that was in use, bytes; 0 where that is not known.
    pub stack: u32,
}

/// A stop and its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What happened.
    pub kind: StopKind,
    /// The trap's name, the limit's value or the guest's own words.
    pub message: String,
    /// Index of the function in the core module.
    pub function: Option<u32>,
    /// Offset of the instruction in the core module.
    pub pc: Option<u32>,
    /// What the guest had taken.
    pub usage: Usage,
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

    /// Whether the code could be loaded, without keeping it. `peers` are the names of the workload's other components.
    ///
    /// # Errors
    /// Those of [`GuestRunner::load`].
    fn check(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        peers: &[&str],
    ) -> Result<(), LoadError>;

    /// Loads and instantiates a component with its grants, limits and config. `peers` are the guests of this workload whose
    /// exports it may import.
    ///
    /// # Errors
    /// See [`LoadError`].
    fn load(
        &mut self,
        code: VerifiedCode,
        component: &Component<'_>,
        limits: &Limits,
        port: Box<dyn Port>,
        peers: &[(&str, &Self::Guest)],
    ) -> Result<Self::Guest, LoadError>;

    /// Asks for a call. There is one at a time: the manager waits for the end of the last.
    fn begin(&mut self, guest: &mut Self::Guest, call: Call);

    /// Goes on with the guest until it waits, yields because of its fuel or ends the call. Without a call, calls of
    /// its peers are served. Pending: the context's waker is called when it can go on, which may be at once.
    ///
    /// # Errors
    /// A [`Stop`], after which the guest must be dropped.
    fn poll(
        &mut self,
        guest: &mut Self::Guest,
        context: &mut Context<'_>,
    ) -> Poll<Result<Run, Stop>>;

    /// What the guest takes just now.
    fn usage(&self, guest: &Self::Guest) -> Usage;

    /// The changes of an input up to now, and whether it is high; none when no input has this label or it does not work. The waker
    /// is called at the next change.
    fn watch(&mut self, label: &str, waker: &Waker) -> Option<(Edges, bool)>;
}
