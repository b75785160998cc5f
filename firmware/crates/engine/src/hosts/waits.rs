//! `wasi:io/poll`: what a guest waits for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::{Context, Poll};

use petiole_interfaces::gpio::Wait;
use petiole_interfaces::{Devices, Port, Resource as Device};
use wasmtime::component::Resource;

use super::item::{Async, Item, answer, wait};
use crate::bindings::wasi::io::poll;
use crate::state::{Handle, State};
use crate::value::{Results, Taken, Value};

/// What stands behind a pollable or a pin that waits; the handle's number is its place in [`Waits`].
#[derive(Clone, Copy)]
pub enum Waiting {
    /// A time of the monotonic clock.
    Until(u64),
    /// An event of the input at this place of the board's table; None: no wait was started.
    Input(u32, Option<Wait>),
}

/// All waits of a guest; the limit of its handles bounds them.
#[derive(Default)]
pub struct Waits(Vec<Option<Waiting>>);

impl Waits {
    pub fn add(&mut self, waiting: Waiting) -> Resource<Handle> {
        let free = self.0.iter().position(Option::is_none);
        let place = free.unwrap_or(self.0.len());
        match free {
            Some(place) => self.0[place] = Some(waiting),
            None => self.0.push(Some(waiting)),
        }
        Resource::new_own(place as u32)
    }

    pub fn get(&self, handle: &Resource<Handle>) -> Option<Waiting> {
        self.0.get(handle.rep() as usize).copied().flatten()
    }

    pub fn replace(&mut self, handle: &Resource<Handle>, waiting: Waiting) {
        if let Some(place) = self.0.get_mut(handle.rep() as usize) {
            *place = Some(waiting);
        }
    }

    pub fn remove(&mut self, handle: &Resource<Handle>) {
        if let Some(place) = self.0.get_mut(handle.rep() as usize) {
            *place = None;
        }
    }
}

impl Waiting {
    /// Whether it is over; if not, the context's waker is called once it may be.
    fn is_ready(
        self,
        port: &mut dyn Port,
        devices: &Devices,
        context: Option<&mut Context<'_>>,
    ) -> bool {
        match self {
            Self::Until(when) => {
                let ready = port.now() >= when;
                if !ready && context.is_some() {
                    port.wake_at(when);
                }
                ready
            }
            Self::Input(_, None) => true,
            Self::Input(place, Some(wait)) => {
                let Some(Device::Input(input)) = devices.at(place) else {
                    return true;
                };
                let Ok(mut input) = input.try_borrow_mut() else {
                    return false;
                };
                match context {
                    Some(context) => wait.poll(&mut *input, context).is_ready(),
                    None => wait.is_over(&mut *input) != Ok(false),
                }
            }
        }
    }
}

impl State {
    fn is_ready(&mut self, pollable: &Resource<Handle>, context: Option<&mut Context<'_>>) -> bool {
        match self.waits.get(pollable) {
            Some(waiting) => waiting.is_ready(self.port.as_mut(), &self.devices, context),
            None => true,
        }
    }
}

impl poll::Host for State {
    async fn poll(&mut self, pollables: Vec<Resource<Handle>>) -> wasmtime::Result<Vec<u32>> {
        if pollables.is_empty() {
            return Err(wasmtime::Error::msg("poll of nothing would wait for ever"));
        }
        Ok(poll_fn(|context| {
            let mut ready = Vec::new();
            for (place, pollable) in (0..).zip(&pollables) {
                if self.is_ready(pollable, Some(context)) {
                    ready.push(place);
                }
            }
            if ready.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(ready)
            }
        })
        .await)
    }
}

impl poll::HostPollable for State {
    fn ready(&mut self, pollable: Resource<Handle>) -> wasmtime::Result<bool> {
        Ok(self.is_ready(&pollable, None))
    }

    async fn block(&mut self, pollable: Resource<Handle>) -> wasmtime::Result<()> {
        poll_fn(|context| {
            if self.is_ready(&pollable, Some(context)) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<Handle>) -> wasmtime::Result<()> {
        self.waits.remove(&pollable);
        Ok(())
    }
}

pub const POLL: &[Item] = &[
    Item::Resource("pollable", poll::HostPollable::drop),
    Item::Function("[method]pollable.ready", 1, |state, call| {
        answer(poll::HostPollable::ready(state, call.handle()?))
    }),
    Item::Own(|instance| {
        let block: Async<1, 0> = Box::new(|mut store, all| {
            Box::new(async move {
                let pollable = Taken::from(all).handle()?;
                poll::HostPollable::block(store.data_mut(), pollable).await?;
                Ok(Results(Value::None))
            })
        });
        wait(instance, "[method]pollable.block", block)
    }),
    Item::Own(|instance| {
        let poll: Async<2, 1> = Box::new(|mut store, all| {
            Box::new(async move {
                let mut all = Taken::from(all).many()?;
                let mut pollables = Vec::new();
                while !all.is_empty() {
                    pollables.push(all.handle()?);
                }
                let ready = poll::Host::poll(store.data_mut(), pollables).await?;
                Ok(Results(Value::many(ready.into_iter().map(Value::from))))
            })
        });
        wait(instance, "poll", poll)
    }),
];
