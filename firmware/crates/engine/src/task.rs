//! The long-lived future of one guest: it owns the store, starts the component and serves its calls one by one.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::convert::Infallible;
use core::future::poll_fn;
use core::task::Poll;

use wasmtime::Store;
use wasmtime::component::{Instance, Linker};

use crate::Outcome;
use crate::call::{Call, Entries, invoke};
use crate::error::stop;
use crate::mailbox::{Job, Mailbox};
use crate::peer::Accepted;
use crate::state::State;
use crate::value::Answer;

/// Fuel after which a guest gives the board to others, about one unit an instruction.
///
/// An instruction of a guest takes some 25 machine instructions, so a slice is about 2 ms at 25 MHz: that is how late a
/// handler with a timer can be because of one busy neighbour.
pub const SLICE: u64 = 2_000;

/// One guest at work.
///
/// Its future lives as long as the guest, and is as large as the largest it ever waits for: what is rare or large waits in a
/// box of its own.
pub struct Task {
    pub store: Store<State>,
    pub mailbox: Rc<Mailbox>,
    /// Fuel of one call.
    pub fuel: u64,
}

impl Task {
    /// Runs the guest until something stops it.
    pub async fn run(mut self, linker: Box<Linker<State>>) -> wasmtime::Error {
        let Err(error) = self.serve(linker).await;
        error
    }

    async fn serve(&mut self, linker: Box<Linker<State>>) -> wasmtime::Result<Infallible> {
        let mailbox = self.mailbox.clone();
        self.store.set_fuel(self.fuel)?;
        let started = Box::pin(linker.instantiate_async(&mut self.store, &mailbox.component)).await;
        self.count(self.fuel);
        let instance = started?;
        drop(linker);
        let entries = Entries::new(&mut self.store, instance, &mailbox.component)?;
        loop {
            match mailbox.next().await {
                Job::Call(call) => {
                    let fuel = match *call {
                        Call::Service => u64::MAX,
                        _ => self.fuel,
                    };
                    self.store.set_fuel(fuel)?;
                    let result = entries.call(&mut self.store, call).await;
                    let fuel = self.count(fuel);
                    let result = result?;
                    mailbox.finish(Outcome { result, fuel });
                }
                Job::Request(request) => {
                    self.store.set_fuel(self.fuel)?;
                    let served = Box::pin(self.answer(instance, &request)).await;
                    self.count(self.fuel);
                    if let Err(error) = served {
                        let reason = alloc::format!("{}", stop(&error));
                        request.0.answer(Err(reason));
                        return Err(error);
                    }
                    give_way().await;
                }
            }
        }
    }

    async fn answer(&mut self, instance: Instance, request: &Accepted) -> wasmtime::Result<()> {
        let request = &request.0;
        let function = instance.get_typed_func(&mut self.store, request.function)?;
        let parameters = request.parameters.take();
        let Answer { value, .. } = invoke(&function, &mut self.store, parameters).await?;
        request.answer(Ok(value));
        Ok(())
    }

    /// Notes what was used of so much fuel.
    fn count(&self, given: u64) -> u64 {
        let used = given.saturating_sub(self.store.get_fuel().unwrap_or_default());
        let fuel = &self.mailbox.fuel;
        fuel.set(fuel.get().saturating_add(used));
        self.mailbox.unsettled.set(None);
        used
    }
}

/// Lets others go first, once.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
