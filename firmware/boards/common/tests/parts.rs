//! The heap's numbers, the fault record and the serial queues.

use std::mem::MaybeUninit;

use petiole_board::fault::{Fault, Record};
use petiole_board::heap::Heap;
use petiole_board::serial::{CAPACITY, Queues};

#[test]
fn the_heap_remembers_its_high_water_mark() {
    use std::alloc::{GlobalAlloc, Layout};
    let heap = Heap::empty();
    heap.start(Box::leak(Box::new([MaybeUninit::uninit(); 4096])));
    let layout = Layout::from_size_align(1000, 8).unwrap();
    // SAFETY: the layout is not empty, and what was given is given back with the same layout.
    unsafe {
        let first = heap.alloc(layout);
        let second = heap.alloc(layout);
        assert!(!first.is_null() && !second.is_null());
        heap.dealloc(second, layout);
        heap.dealloc(first, layout);
        assert!(
            heap.alloc(Layout::from_size_align(5000, 8).unwrap())
                .is_null()
        );
    }
    let usage = heap.usage();
    assert_eq!((usage.size, usage.used), (4096, 0));
    assert!((2000..2100).contains(&usage.peak), "{usage:?}");
}

#[test]
fn a_fault_is_found_once() {
    let record = Record::new();
    let fault = Fault {
        pc: 0x1000_1234,
        cause: 0x1_0000,
    };
    record.keep(fault);
    assert_eq!(record.take(), Some(fault));
    assert_eq!(record.take(), None);
}

#[test]
fn a_full_receive_queue_asks_for_its_interrupt_to_be_masked() {
    let queues = Queues::new();
    let mut bytes = std::iter::repeat_n(b'x', CAPACITY + 10);
    assert!(!queues.fill(|| bytes.next()));
    assert_eq!(bytes.len(), 10);
}

#[test]
fn an_empty_port_leaves_its_interrupt_alone() {
    let queues = Queues::new();
    let mut bytes = [b'a', b'b'].into_iter();
    assert!(queues.fill(|| bytes.next()));
}

#[test]
fn sending_takes_what_has_room_and_never_blocks() {
    let queues = Queues::new();
    queues.send(&[]);
    queues.send(&[0; CAPACITY - 1]);
    assert_eq!(queues.room(), 1);
    queues.send(&[0; 10]);
    assert_eq!(queues.room(), 0);
}
