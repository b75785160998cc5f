//! wasm3, which meters nothing: CoreMark, and a call with one host call and a short string.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{null, null_mut};

use petiole_bench::{done, entry, fail, heap, now, say, say_text, start};

static COREMARK: &[u8] = include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/coremark.wasm"));
static HELLO: &[u8] = include_bytes!(concat!(env!("PETIOLE_BENCH_DATA"), "/hello.wasm"));

const CALLS: u64 = 100;
/// As Pulley's on boards.
const STACK: u32 = 4_096;

type Handle = *mut c_void;
/// Null, or a text that says what is wrong.
type Failure = *const c_char;
type HostFunction = unsafe extern "C" fn(Handle, Handle, *const u64, *const u8) -> *const c_void;

// SAFETY: as wasm3.h declares them.
unsafe extern "C" {
    fn m3_NewEnvironment() -> Handle;
    fn m3_NewRuntime(environment: Handle, stack: u32, user: Handle) -> Handle;
    fn m3_FreeRuntime(runtime: Handle);
    fn m3_ParseModule(
        environment: Handle,
        module: *mut Handle,
        wasm: *const u8,
        size: u32,
    ) -> Failure;
    fn m3_LoadModule(runtime: Handle, module: Handle) -> Failure;
    fn m3_LinkRawFunction(
        module: Handle,
        from: *const c_char,
        name: *const c_char,
        signature: *const c_char,
        function: HostFunction,
    ) -> Failure;
    fn m3_FindFunction(function: *mut Handle, runtime: Handle, name: *const c_char) -> Failure;
    fn m3_Call(function: Handle, count: u32, arguments: *const *const c_void) -> Failure;
    fn m3_GetMemorySize(runtime: Handle) -> u32;
}

#[entry]
fn main() -> ! {
    start();
    let empty = heap();
    let begun = now();
    let (runtime, run) = load(HELLO);
    say("cold-start", now() - begun);
    say("first-component-heap", heap() - empty);
    // SAFETY: the runtime that was just made.
    say(
        "component-linear-memory",
        unsafe { m3_GetMemorySize(runtime) }.into(),
    );
    call(run);
    let begun = now();
    for _ in 0..CALLS {
        call(run);
    }
    say("call", (now() - begun) / CALLS);
    // SAFETY: made above, and not used again.
    unsafe { m3_FreeRuntime(runtime) };
    let (_, run) = load(COREMARK);
    let begun = now();
    call(run);
    say("coremark", now() - begun);
    done()
}

/// Reports what a function of wasm3 found wrong.
fn check(failure: Failure) {
    if !failure.is_null() {
        // SAFETY: a static text of wasm3.
        fail(
            unsafe { CStr::from_ptr(failure) }
                .to_str()
                .unwrap_or_default(),
        )
    }
}

fn load(wasm: &'static [u8]) -> (Handle, Handle) {
    let (mut module, mut run) = (null_mut(), null_mut());
    // SAFETY: called in the order that wasm3.h asks for; the bytes live as long as the program.
    unsafe {
        let environment = m3_NewEnvironment();
        let runtime = m3_NewRuntime(environment, STACK, null_mut());
        check(m3_ParseModule(
            environment,
            &mut module,
            wasm.as_ptr(),
            wasm.len() as u32,
        ));
        check(m3_LoadModule(runtime, module));
        check(m3_LinkRawFunction(
            module,
            c"wasi:logging/logging@0.1.0-draft".as_ptr(),
            c"log".as_ptr(),
            c"v(iiiii)".as_ptr(),
            log,
        ));
        check(m3_FindFunction(
            &mut run,
            runtime,
            c"petiole:schedule/handler@0.1.0#run".as_ptr(),
        ));
        (runtime, run)
    }
}

fn call(run: Handle) {
    // SAFETY: a function of a loaded module, without parameters.
    check(unsafe { m3_Call(run, 0, null()) });
}

/// `log(level, context, message)`; each argument takes eight bytes.
unsafe extern "C" fn log(
    _: Handle,
    _: Handle,
    arguments: *const u64,
    memory: *const u8,
) -> *const c_void {
    // SAFETY: the signature says five numbers; texts lie within memory in the benchmark's components.
    let text = |place: usize| unsafe {
        let (at, length) = (
            *arguments.add(place) as u32,
            *arguments.add(place + 1) as u32,
        );
        core::str::from_utf8(core::slice::from_raw_parts(
            memory.add(at as usize),
            length as usize,
        ))
    };
    if let (Ok("crcfinal"), Ok(message)) = (text(1), text(3)) {
        say_text("crcfinal", message);
    }
    null()
}

/// Room before each block for its size, and the alignment of all blocks.
const HEADER: usize = 8;

// SAFETY: the C library's function, for wasm3 alone.
#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    let Ok(layout) = Layout::from_size_align(size + HEADER, HEADER) else {
        return null_mut();
    };
    // SAFETY: the layout is not empty; the header fits.
    unsafe {
        let block = alloc(layout);
        if block.is_null() {
            return null_mut();
        }
        block.cast::<usize>().write(size);
        block.add(HEADER).cast()
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: a block of that size was just made.
    unsafe {
        let block = malloc(count * size);
        if !block.is_null() {
            block.cast::<u8>().write_bytes(0, count * size);
        }
        block
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the block came from `malloc`, its size stands before it.
    unsafe {
        let moved = malloc(size);
        if !block.is_null() && !moved.is_null() {
            let old = block.cast::<usize>().byte_sub(HEADER).read();
            moved
                .cast::<u8>()
                .copy_from_nonoverlapping(block.cast(), old.min(size));
            free(block);
        }
        moved
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: the block came from `malloc`, its size stands before it.
    unsafe {
        let start = block.cast::<u8>().sub(HEADER);
        let size = start.cast::<usize>().read() + HEADER;
        dealloc(start, Layout::from_size_align_unchecked(size, HEADER));
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn strcmp(left: *const c_char, right: *const c_char) -> c_int {
    // SAFETY: C strings.
    unsafe { CStr::from_ptr(left).cmp(CStr::from_ptr(right)) as c_int }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn abort() -> ! {
    fail("abort")
}
