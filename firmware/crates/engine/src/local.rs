//! The engine asks for `Send` where it cannot know that a board has one thread.

use core::pin::Pin;
use core::task::{Context, Poll};

/// A value that never leaves the thread it was made on, whatever the engine's bounds say.
///
/// It is reached through a [`crate::Guest`] or a [`crate::Engine`] alone, and neither is `Send`: they hold an `Rc`.
pub struct Local<T>(T);

// SAFETY: see the type: whoever could move it to another thread is bound to this one.
unsafe impl<T> Send for Local<T> {}
// SAFETY: as above: there is no second thread that a reference could go to.
unsafe impl<T> Sync for Local<T> {}

impl<T> Local<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// A method and no public field, so that closures take the whole of it.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

impl<F: Future> Future for Local<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the field is pinned as long as the whole is: nothing moves it out.
        unsafe { self.map_unchecked_mut(|local| &mut local.0) }.poll(context)
    }
}
