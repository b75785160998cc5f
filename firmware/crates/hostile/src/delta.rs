//! Patches.

use petiole_delta::{Header, PIECE, Patch};

/// Bytes of the input that serve as the base.
const BASE: usize = 200;

/// A patch with its header, against a base that is the start of the input: what comes out is never more than was said, in
/// whole pieces, and all of it when the patch says that it is done.
pub fn delta(data: &[u8]) {
    let base = &data[..data.len().min(BASE)];
    if let Ok((header, rest)) = Header::read(data) {
        apply(header.size, rest, base);
    }
    if let Some((size, rest)) = data.split_first_chunk() {
        apply(u32::from(u16::from_le_bytes(*size)) + 1, rest, base);
    }
}

fn apply(size: u32, bytes: &[u8], base: &[u8]) {
    let mut patch = Patch::new(size);
    let mut made = 0;
    let mut take = |piece: &[u8]| {
        made += piece.len();
        assert!(made <= size as usize);
        assert!(piece.len() == PIECE || made == size as usize);
        true
    };
    let fed = patch.feed(bytes, base, &mut take);
    if patch.is_done() {
        assert_eq!((fed, made), (Ok(()), size as usize));
    }
}
