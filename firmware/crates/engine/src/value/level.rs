//! The level of a log line, read by its place.
#![allow(
    unsafe_code,
    reason = "Wasmtime's traits for values are unsafe to implement"
)]

use petiole_interfaces::Level;
use wasmtime::ValRaw;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift};

use super::other;

/// An enumeration of a component, taken for levels: boards' artifacts need not carry the cases' names.
pub struct Severity(pub Level);

impl Severity {
    fn at(place: u32) -> wasmtime::Result<Self> {
        const LEVELS: [Level; 6] = [
            Level::Trace,
            Level::Debug,
            Level::Info,
            Level::Warn,
            Level::Error,
            Level::Critical,
        ];
        let level = LEVELS.get(place as usize).ok_or_else(other)?;
        Ok(Self(*level))
    }
}

// SAFETY: one core value, or one byte in memory; `typecheck` accepts nothing that is laid out in another way.
unsafe impl ComponentType for Severity {
    type Lower = ValRaw;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR1;

    fn typecheck(kind: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        match *kind {
            InterfaceType::Enum(at) if types.types[at].abi == Self::ABI => Ok(()),
            _ => Err(other()),
        }
    }
}

// SAFETY: reads what it is given, and checks it.
unsafe impl Lift for Severity {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        flat: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        Self::at(flat.get_u32())
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        Self::at(bytes.first().copied().ok_or_else(other)?.into())
    }
}
