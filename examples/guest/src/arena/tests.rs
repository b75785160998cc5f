use core::alloc::{GlobalAlloc, Layout};

use super::Arena;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a sound layout")
}

#[test]
fn blocks_are_aligned_and_apart() {
    let arena = Arena::<64>::new();
    // SAFETY: layouts have a size; blocks are written within it.
    unsafe {
        let first = arena.alloc(layout(3, 1));
        let second = arena.alloc(layout(8, 8));
        assert_eq!(
            (second as usize - first as usize, second as usize % 8),
            (8, 0)
        );
        first.write_bytes(1, 3);
        second.write_bytes(2, 8);
        assert_eq!(
            (first.read(), first.add(2).read(), second.read()),
            (1, 1, 2)
        );
    }
}

#[test]
fn a_full_arena_gives_null_and_starts_anew_when_all_came_back() {
    let arena = Arena::<16>::new();
    // SAFETY: each block is given back once, with its layout.
    unsafe {
        let first = arena.alloc(layout(10, 1));
        assert!(arena.alloc(layout(10, 1)).is_null());
        assert!(arena.alloc(layout(usize::MAX / 4, 1)).is_null());
        let second = arena.alloc(layout(6, 1));
        arena.dealloc(first, layout(10, 1));
        assert!(
            arena.alloc(layout(1, 1)).is_null(),
            "the second block is still there"
        );
        arena.dealloc(second, layout(6, 1));
        assert_eq!(arena.alloc(layout(16, 1)), first);
    }
}

#[test]
fn the_newest_block_grows_in_place_and_others_move() {
    let arena = Arena::<64>::new();
    // SAFETY: layouts follow the blocks' sizes.
    unsafe {
        let first = arena.alloc(layout(4, 1));
        first.copy_from_nonoverlapping(b"leaf".as_ptr(), 4);
        assert_eq!(arena.realloc(first, layout(4, 1), 8), first);
        let second = arena.alloc(layout(4, 1));
        let moved = arena.realloc(first, layout(8, 1), 16);
        assert!(moved > second);
        assert_eq!(core::slice::from_raw_parts(moved, 4), b"leaf");
        assert_eq!(
            arena.realloc(second, layout(4, 1), 2),
            second,
            "shrinking stays"
        );
        assert!(arena.realloc(moved, layout(16, 1), 64).is_null());
    }
}
