//! A running component.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::error::stop;
use crate::mailbox::Mailbox;
use crate::stack::{SIZE, Stack};
use crate::task::SLICE;
use crate::{Call, Stop};

/// A running component. Dropping it frees everything it had, in the middle of a call too.
pub struct Guest {
    task: Pin<Box<dyn Future<Output = wasmtime::Error>>>,
    pub(crate) mailbox: Rc<Mailbox>,
    machine_stack: Option<Arc<Stack>>,
    stop: Option<Stop>,
}

/// How a call ended that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the handler answered; an error is the guest's own text.
    pub result: Result<(), String>,
    /// Fuel the call took.
    pub fuel: u64,
}

/// What a guest takes of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel since it was loaded, for calls of its peers too. While a call goes on each of its turns counts as a whole slice.
    pub fuel: u64,
    /// Linear memory, bytes; on a board a component keeps what it started with.
    pub memory: u32,
    /// Most of the stack that was in use, bytes; known only when all of it was.
    pub stack: u32,
}

impl Guest {
    pub(crate) fn new(
        task: impl Future<Output = wasmtime::Error> + 'static,
        mailbox: Rc<Mailbox>,
    ) -> Self {
        Self {
            task: Box::pin(task),
            mailbox,
            machine_stack: None,
            stop: None,
        }
    }

    /// Starts the component as far as it goes without waiting; how it ended if it did.
    pub(crate) fn start(&mut self, context: &mut Context<'_>) -> Poll<wasmtime::Error> {
        self.task.as_mut().poll(context)
    }

    /// Keeps an eye on the stack that the guest was started on.
    pub(crate) fn watch(&mut self, stack: Option<Arc<Stack>>) {
        self.machine_stack = stack;
        self.check_stack();
    }

    fn check_stack(&self) {
        if let Some(stack) = &self.machine_stack {
            stack.assert_sound();
        }
    }

    /// Bytes of the machine stack that the guest took at most since it was loaded, and what there is.
    pub fn machine_stack(&self) -> (usize, usize) {
        let used = self.machine_stack.as_ref().map_or(0, |stack| stack.used());
        (used, SIZE)
    }

    /// Asks for a call, which [`Guest::poll`] makes. There is one at a time.
    pub fn begin(&mut self, call: Call) {
        self.mailbox.begin(call);
    }

    /// Goes on with the guest until it waits, has used up its slice of fuel or ends the call. Without a call, calls of
    /// its peers are served. After a [`Stop`] the guest must be dropped: its memory may be in any state.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Outcome, Stop>> {
        if let Some(stop) = &self.stop {
            return Poll::Ready(Err(stop.clone()));
        }
        self.mailbox.listen(context);
        let ended = self.task.as_mut().poll(context);
        self.check_stack();
        if let Poll::Ready(error) = ended {
            let stop = self.stopped(&error);
            self.stop = Some(stop.clone());
            return Poll::Ready(Err(stop));
        }
        if let Some(outcome) = self.mailbox.take_outcome() {
            return Poll::Ready(Ok(outcome));
        }
        let unsettled = &self.mailbox.unsettled;
        unsettled.set(unsettled.get().map(|fuel| fuel.saturating_add(SLICE)));
        Poll::Pending
    }

    /// What the guest takes just now.
    pub fn usage(&self) -> Usage {
        self.mailbox.usage()
    }

    pub(crate) fn stopped(&self, error: &wasmtime::Error) -> Stop {
        let mut stop = stop(error);
        stop.usage = self.usage();
        self.mailbox.end(&stop.to_string());
        stop
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.mailbox.end("it was stopped");
    }
}
