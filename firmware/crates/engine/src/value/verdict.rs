//! What a handler answers, and where that lies in its memory.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use alloc::string::String;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift};

use super::other;

type Answer = Result<(), String>;

/// A handler's answer.
pub struct Verdict {
    /// An error is the guest's own text.
    pub answer: Answer,
    /// The place of the answer in the guest's memory, for what cleans up there.
    pub place: u32,
}

// SAFETY: it is the answer as far as a component can see.
unsafe impl ComponentType for Verdict {
    type Lower = <Answer as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = Answer::ABI;

    fn typecheck(kind: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        Answer::typecheck(kind, types)
    }
}

// SAFETY: reads the answer as it lies there.
unsafe impl Lift for Verdict {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        Err(other())
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        kind: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let place = bytes.as_ptr().addr() - cx.memory().as_ptr().addr();
        Ok(Self {
            answer: Answer::linear_lift_from_memory(cx, kind, bytes)?,
            place: place as u32,
        })
    }
}
