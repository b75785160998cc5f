//! The heap keeps what it hands out apart, and loses nothing, whatever lies on its shelf.

extern crate std;

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use std::vec::Vec;

use crate::{Heap, LARGEST_ON_SHELF};

const SIZE: usize = 64 << 10;

fn heap() -> Heap {
    let heap = Heap::empty();
    heap.start(Vec::leak(std::vec![MaybeUninit::uninit(); SIZE]));
    heap
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

fn take(heap: &Heap, layout: Layout) -> *mut u8 {
    // SAFETY: no layout of these tests is empty.
    let block = unsafe { heap.alloc(layout) };
    assert_eq!(block.addr() % layout.align(), 0);
    block
}

fn give(heap: &Heap, block: *mut u8, layout: Layout) {
    // SAFETY: the tests give back what they took, once.
    unsafe { heap.dealloc(block, layout) };
}

#[test]
fn a_freed_block_serves_the_next_request_of_its_size() {
    let heap = heap();
    let first = take(&heap, layout(100, 4));
    let _other = take(&heap, layout(64, 4));
    give(&heap, first, layout(100, 4));
    assert_ne!(take(&heap, layout(40, 4)), first);
    assert_eq!(take(&heap, layout(100, 8)), first);
}

#[test]
fn a_block_at_an_unsuitable_address_stays() {
    let heap = heap();
    let blocks: Vec<_> = (0..4).map(|_| take(&heap, layout(24, 8))).collect();
    for block in blocks {
        give(&heap, block, layout(24, 8));
    }
    assert_eq!(take(&heap, layout(24, 1024)).addr() % 1024, 0);
}

#[test]
fn what_lies_on_the_shelf_counts_as_free() {
    let heap = heap();
    let before = heap.usage().used;
    let block = take(&heap, layout(1000, 8));
    let taken = heap.usage().used - before;
    give(&heap, block, layout(1000, 8));
    let usage = heap.usage();
    assert!(taken >= 1000);
    assert_eq!((usage.used, usage.peak), (before, before + taken));
}

#[test]
fn a_request_that_needs_the_shelf_gets_it() {
    let heap = heap();
    let sizes = [LARGEST_ON_SHELF; SIZE / LARGEST_ON_SHELF - 1];
    let blocks: Vec<_> = sizes
        .iter()
        .map(|size| take(&heap, layout(*size, 8)))
        .collect();
    assert!(blocks.iter().all(|block| !block.is_null()));
    for block in blocks {
        give(&heap, block, layout(LARGEST_ON_SHELF, 8));
    }
    assert!(!take(&heap, layout(SIZE - 64, 8)).is_null());
    assert!(take(&heap, layout(LARGEST_ON_SHELF, 8)).is_null());
}

#[test]
fn blocks_never_overlap_and_none_is_lost() {
    let heap = heap();
    let before = heap.usage().used;
    let mut seed = 7_u32;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % most
    };
    let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
    for round in 0..20_000 {
        if held.len() < 40 && next(2) == 0 {
            let wanted = layout(1 + next(400), 1 << next(5));
            let block = take(&heap, wanted);
            assert!(!block.is_null());
            let mark = round as u8;
            // SAFETY: the block is ours and as long as was asked for.
            unsafe { block.write_bytes(mark, wanted.size()) };
            held.push((block, wanted, mark));
        } else if !held.is_empty() {
            let (block, wanted, mark) = held.swap_remove(next(held.len()));
            // SAFETY: as above.
            let bytes = unsafe { core::slice::from_raw_parts(block, wanted.size()) };
            assert!(bytes.iter().all(|byte| *byte == mark));
            give(&heap, block, wanted);
        }
    }
    for (block, wanted, _) in held {
        give(&heap, block, wanted);
    }
    assert_eq!(heap.usage().used, before);
    assert!(!take(&heap, layout(SIZE - 64, 8)).is_null());
}

#[test]
fn nothing_can_be_had_before_the_start() {
    // SAFETY: the layout is not empty.
    assert!(unsafe { Heap::empty().alloc(layout(8, 8)) }.is_null());
}
