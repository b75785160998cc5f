//! The two pointers that the engine keeps for each thread; a board has one thread.

#[cfg(target_os = "none")]
mod slots {
    use core::ptr::null_mut;
    use core::sync::atomic::{AtomicPtr, Ordering};

    static SLOTS: [AtomicPtr<u8>; 2] = [AtomicPtr::new(null_mut()), AtomicPtr::new(null_mut())];

    // SAFETY: the engine asks for this symbol with this signature.
    #[unsafe(no_mangle)]
    extern "C" fn wasmtime_tls_get(slot: usize) -> *mut u8 {
        SLOTS[slot].load(Ordering::Relaxed)
    }

    // SAFETY: the engine asks for this symbol with this signature.
    #[unsafe(no_mangle)]
    extern "C" fn wasmtime_tls_set(slot: usize, pointer: *mut u8) {
        SLOTS[slot].store(pointer, Ordering::Relaxed);
    }
}
