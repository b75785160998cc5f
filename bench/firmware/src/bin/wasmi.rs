//! wasmi with fuel: CoreMark, and a call with one host call and a short string.
#![no_std]
#![no_main]

use petiole_bench::{done, entry, fail, heap, now, say, say_text, start};
use wasmi::{Caller, Config, Engine, Extern, Linker, Memory, Module, Store, TypedFunc};

static COREMARK: &[u8] = include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/coremark.wasm"));
static HELLO: &[u8] = include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/hello.wasm"));

const RUN: &str = "petiole:schedule/handler@0.1.0#run";
const CALLS: u64 = 100;
const FUEL: u64 = u64::MAX >> 8;

type Run = TypedFunc<(), i32>;

#[entry]
fn main() -> ! {
    start();
    let empty = heap();
    let begun = now();
    let Some((mut store, run, memory)) = load(HELLO) else {
        fail("hello")
    };
    say("cold-start", now() - begun);
    say("first-component-heap", heap() - empty);
    say("component-linear-memory", memory.data_size(&store) as u64);
    call(&mut store, run);
    let begun = now();
    for _ in 0..CALLS {
        call(&mut store, run);
    }
    say("call", (now() - begun) / CALLS);
    drop(store);
    let Some((mut store, run, _)) = load(COREMARK) else {
        fail("coremark")
    };
    let begun = now();
    call(&mut store, run);
    say("coremark", now() - begun);
    done()
}

fn load(wasm: &[u8]) -> Option<(Store<()>, Run, Memory)> {
    let mut config = Config::default();
    config.consume_fuel(true);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm).ok()?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(FUEL).ok()?;
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("wasi:logging/logging@0.1.0-draft", "log", log)
        .ok()?;
    let instance = linker.instantiate_and_start(&mut store, &module).ok()?;
    let run = instance.get_typed_func(&store, RUN).ok()?;
    let memory = instance.get_memory(&store, "memory")?;
    Some((store, run, memory))
}

fn call(store: &mut Store<()>, run: Run) {
    if store.set_fuel(FUEL).is_err() || run.call(store, ()).is_err() {
        fail("call")
    }
}

fn log(caller: Caller<'_, ()>, _: i32, context: i32, length: i32, message: i32, bytes: i32) {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        fail("memory")
    };
    let text = |at: i32, length: i32| {
        let bytes = memory.data(&caller).get(at as usize..)?;
        core::str::from_utf8(bytes.get(..length as usize)?).ok()
    };
    if let (Some("crcfinal"), Some(message)) = (text(context, length), text(message, bytes)) {
        say_text("crcfinal", message);
    }
}
