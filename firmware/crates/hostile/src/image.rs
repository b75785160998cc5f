//! Flash content that is wrong in interesting places: an input says what lies where, sums are made to fit.

use crate::ram::{BLOCK, SIZE};

/// Blocks that the store's logs are in.
const LOG_BLOCKS: usize = 10;
const BLOCK_HEADER: usize = 16;

/// Builds an image out of the input's instructions.
pub fn build(data: &[u8]) -> Vec<u8> {
    let mut image = vec![0xff; SIZE];
    let mut next_item = [BLOCK_HEADER; LOG_BLOCKS];
    let mut rest = data;
    while let Some((&[what, place, first, second], more)) = rest.split_first_chunk() {
        rest = more;
        let block = usize::from(place) % LOG_BLOCKS;
        match what % 3 {
            0 => {
                let words = [*b"PLG2", [first, 0, 0, 0], [second, 0, 0, 0]].concat();
                let header = [&words[..], &crc32(&words).to_le_bytes()].concat();
                image[block * BLOCK..][..BLOCK_HEADER].copy_from_slice(&header);
            }
            1 => {
                let key = usize::from(first % 12).min(rest.len());
                let value = usize::from(second).min(rest.len() - key);
                let (content, more) = rest.split_at(key + value);
                rest = more;
                let [low, high] = (value as u16).to_le_bytes();
                let body = [&[key as u8, what / 3 % 5, low, high], content].concat();
                let item = [&crc32(&body).to_le_bytes(), &body[..]].concat();
                let start = next_item[block];
                let end = (start + item.len()).next_multiple_of(4);
                if end <= BLOCK {
                    image[block * BLOCK + start..][..item.len()].copy_from_slice(&item);
                    next_item[block] = end;
                }
            }
            _ => {
                let start = usize::from(u16::from_le_bytes([place, first])) % SIZE;
                let count = usize::from(second % 32).min(rest.len()).min(SIZE - start);
                let (content, more) = rest.split_at(count);
                rest = more;
                image[start..][..count].copy_from_slice(content);
            }
        }
    }
    image
}

/// CRC-32 (ISO-HDLC), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}
