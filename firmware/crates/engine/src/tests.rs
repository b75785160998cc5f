//! Components written as text, compiled for the 64-bit sibling of the board's target, run on this machine.

mod devices;
mod entries;
mod grants;
mod hosts;
mod limits;
mod loading;
mod peers;
mod shapes;
mod talking;
mod traps;
mod turns;
mod types;
mod values;

use std::boxed::Box;
use std::cell::RefCell;
use std::format;
use std::rc::Rc;
use std::string::String;
use std::task::{Context, Poll, Waker};

use petiole_interfaces::Devices;
use petiole_interfaces::double::{Heard, Recorder};

use crate::{Call, Deployment, Engine, Guest, LoadError, Outcome, Stop};

/// Bytecode for the machine that runs the tests; boards run its 32-bit sibling.
#[cfg(target_pointer_width = "64")]
pub const TARGET: &str = "pulley64";
#[cfg(target_pointer_width = "32")]
pub const TARGET: &str = "pulley32";

const LOGGING: &str = r#"
    (import "wasi:logging/logging@0.1.0-draft" (instance $logging
        (type $names (enum "trace" "debug" "info" "warn" "error" "critical"))
        (export "level" (type $level (eq $names)))
        (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))
    (core func $log (canon lower (func $logging "log") (memory (core memory $memory "memory"))))"#;

const TELEMETRY: &str = r#"
    (import "petiole:telemetry/telemetry@0.1.0" (instance $telemetry
        (type $names (enum "invalid" "rate-limited" "full"))
        (export "error" (type $error (eq $names)))
        (export "send-number" (func (param "name" string) (param "unit" string) (param "value" f64)
            (result (result (error $error)))))))
    (core func $send (canon lower (func $telemetry "send-number") (memory (core memory $memory "memory"))))"#;

/// A component with these imports whose handler is the core function `body`. `$memory` has `bytes` bytes and starts with
/// `data`; the host's functions are imported under the names in `functions`; `$ok` is the address of a good result.
fn component(imports: &str, functions: &[(&str, &str)], data: &str, body: &str) -> String {
    let core_imports: String = functions
        .iter()
        .map(|(name, kind)| format!("(import \"\" \"{name}\" (func ${name} {kind}))"))
        .collect();
    let given: String = functions
        .iter()
        .map(|(name, _)| format!("(export \"{name}\" (func ${name}))"))
        .collect();
    format!(
        r#"(component
            (core module $memories
                (memory (export "memory") 4096 (pagesize 1))
                (global $next (mut i32) (i32.const 2048))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (local $block i32)
                    (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.set $next (i32.add (local.get $block) (local.get 3)))
                    (local.get $block))
                (data (i32.const 0) "{data}"))
            (core instance $memory (instantiate $memories))
            {imports}
            (core module $code
                (import "memory" "memory" (memory 1 (pagesize 1)))
                {core_imports}
                (func (export "run") (result i32) {body}))
            (core instance $given {given})
            (core instance $guest (instantiate $code
                (with "memory" (instance $memory)) (with "" (instance $given))))
            (func $run (result (result (error string)))
                (canon lift (core func $guest "run") (memory (core memory $memory "memory"))))
            (instance $handler (export "run" (func $run)))
            (export "petiole:schedule/handler@0.1.0" (instance $handler)))"#
    )
}

/// Compiles with the profile's settings; the artifact lives as long as the test's process, like code in flash.
fn compile(text: &str) -> &'static [u8] {
    let mut config = wasmtime::Config::new();
    petiole_profile::configure(&mut config);
    config.target(TARGET).expect("a known target");
    let engine = wasmtime::Engine::new(&config).expect("sound settings");
    engine
        .precompile_component(text.as_bytes())
        .expect("a sound component")
        .leak()
}

fn load_on(
    devices: Devices,
    text: &str,
    deployment: Deployment,
) -> (Result<Guest, LoadError>, Rc<RefCell<Heard>>) {
    let (port, heard) = Recorder::new();
    (
        Engine::new(devices).load_bytes(compile(text), deployment, Box::new(port), &[]),
        heard,
    )
}

fn load(text: &str, deployment: Deployment) -> (Guest, Rc<RefCell<Heard>>) {
    let (guest, heard) = load_on(Devices::default(), text, deployment);
    (guest.unwrap_or_else(|error| panic!("{error}")), heard)
}

/// Polls until the call ends, at most as often as the largest limit of these tests has slices.
fn finish(guest: &mut Guest) -> Result<Outcome, Stop> {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2_000 {
        if let Poll::Ready(result) = guest.poll(&mut context) {
            return result;
        }
    }
    panic!("the call does not end");
}

fn run(guest: &mut Guest) -> Result<Outcome, Stop> {
    guest.begin(Call::Run);
    finish(guest)
}

fn granted(imports: &[(&str, &[&str])]) -> Deployment {
    let mut deployment = Deployment::default();
    for (import, labels) in imports {
        deployment.grants.allow(import, labels.iter().copied());
    }
    deployment
}
