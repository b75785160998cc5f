//! The engine of the boards: cold start, calls, memory, CoreMark with fuel.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use petiole_bench::{done, entry, fail, heap, now, say, say_text, start};
use petiole_engine::{Call, Deployment, Engine, Entry, Guest};
use petiole_interfaces::{
    Devices, Grants, KeyValue, KeyValueError, Level, Limits, Message, MessageError, Port,
    TelemetryError, Value, Wall,
};
use petiole_trust::{Anchor, VerifiedCode, verify_envelope};

/// Bytes at an address that suits the engine.
#[repr(C, align(16))]
struct Aligned<T: ?Sized>(T);

/// A signed bundle and the code in it.
struct Bundle {
    envelope: &'static [u8],
    code: &'static [u8],
}

macro_rules! bundle {
    ($name:literal) => {{
        static CODE: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
            env!("PETIOLE_BENCH_DATA"),
            "/",
            $name,
            ".code"
        )));
        Bundle {
            envelope: include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/", $name, ".suit")),
            code: &CODE.0,
        }
    }};
}

static ANCHOR: &[u8] = include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/anchor"));

const CALLS: u64 = 100;

#[entry]
fn main() -> ! {
    start();
    let hello = bundle!("hello");
    let copy = copied(&hello);
    let (code, again) = (verified(&hello), verified(&copy));
    let empty = heap();
    let begun = now();
    let engine = Engine::new(Devices::default());
    let mut guest = load(&engine, code);
    say("cold-start", now() - begun);
    say("first-component-heap", heap() - empty);
    let begun = now();
    call(&mut guest);
    say("first-call", now() - begun);
    let begun = now();
    for _ in 0..CALLS {
        call(&mut guest);
    }
    say("call", (now() - begun) / CALLS);
    let (before, begun) = (heap(), now());
    let second = load(&engine, again);
    say("second-start", now() - begun);
    say("component-heap", heap() - before);
    say("component-linear-memory", second.usage().memory.into());
    drop((guest, second));
    let mut coremark = load(&engine, verified(&bundle!("coremark")));
    let begun = now();
    call(&mut coremark);
    say("coremark", now() - begun);
    done()
}

/// The same bundle with its code at another place: the engine knows code by its address.
fn copied(bundle: &Bundle) -> Bundle {
    Bundle {
        envelope: bundle.envelope,
        code: Vec::from(bundle.code).leak(),
    }
}

/// The code, and the stack limit that its deployment descriptor sets.
fn verified(bundle: &Bundle) -> (VerifiedCode, u32) {
    let Some(anchor) = Anchor::from_bytes(ANCHOR) else {
        fail("anchor")
    };
    let Ok(manifest) = verify_envelope(bundle.envelope, &[anchor]) else {
        fail("envelope")
    };
    let Ok(code) = manifest.verify_code(0, bundle.code) else {
        fail("code")
    };
    let Ok(descriptor) = manifest.descriptor() else {
        fail("descriptor")
    };
    let Some(component) = descriptor.components().next() else {
        fail("component")
    };
    (code, component.limits().stack as u32)
}

fn load(engine: &Engine, (code, stack): (VerifiedCode, u32)) -> Guest {
    let mut grants = Grants::new();
    grants.allow("wasi:logging/logging@0.1.0-draft", []);
    let deployment = Deployment {
        grants,
        limits: Limits {
            fuel: u64::MAX >> 8,
            stack,
            ..Limits::default()
        },
        entries: Vec::from([Entry::Schedule]),
        ..Deployment::default()
    };
    let Ok(guest) = engine.load(code, deployment, Box::new(Bench), &[]) else {
        fail("load")
    };
    guest
}

fn call(guest: &mut Guest) {
    guest.begin(Call::Run);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match guest.poll(&mut context) {
            Poll::Pending => {}
            Poll::Ready(Ok(outcome)) if outcome.result.is_ok() => return,
            Poll::Ready(_) => fail("call"),
        }
    }
}

/// Takes everything and answers nothing.
struct Bench;

impl Port for Bench {
    fn log(&mut self, _: Level, context: &str, message: &str) {
        if context == "crcfinal" {
            say_text(context, message);
        }
    }

    fn telemetry(&mut self, _: &str, _: &str, _: Value<'_>) -> Result<(), TelemetryError> {
        Ok(())
    }

    fn now(&self) -> u64 {
        0
    }

    fn wake_at(&mut self, _: u64) {}

    fn wall(&self) -> Option<Wall> {
        None
    }

    fn random(&mut self, _: &mut [u8]) {}

    fn publish(&mut self, _: Message) -> Result<(), MessageError> {
        Ok(())
    }

    fn request(&mut self, _: Message, _: u32) -> Result<u32, MessageError> {
        Err(MessageError::Timeout)
    }

    fn reply(&mut self, _: u32, _: &mut Context<'_>) -> Poll<Result<Message, MessageError>> {
        Poll::Ready(Err(MessageError::Timeout))
    }

    fn key_value(&mut self) -> &mut dyn KeyValue {
        self
    }
}

impl KeyValue for Bench {
    fn get(&mut self, _: &str, _: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        Ok(None)
    }

    fn set(&mut self, _: &str, _: &str, _: &[u8]) -> Result<(), KeyValueError> {
        Ok(())
    }

    fn delete(&mut self, _: &str, _: &str) -> Result<(), KeyValueError> {
        Ok(())
    }

    fn keys(&mut self, _: &str, _: u64, _: u64) -> Result<Vec<String>, KeyValueError> {
        Ok(Vec::new())
    }
}
