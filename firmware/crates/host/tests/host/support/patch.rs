//! Makes patches, without the skill of `detools`.

use petiole_cbor::Writer;
use petiole_trust::sha256;

/// A patch between codes of one size: differences for as long as the base is, in a stream that repeats
/// nothing.
pub fn make(base: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(base.len(), new.len());
    let mut stream = vec![0];
    stream.extend(number(new.len()));
    stream.extend(
        new.iter()
            .zip(base)
            .map(|(new, old)| new.wrapping_sub(*old)),
    );
    stream.extend([0, 0]);
    let mut buffer = [0; 128];
    let mut writer = Writer::new(&mut buffer);
    writer.array(4).unsigned(1).bytes(&sha256(&[base]));
    writer.bytes(&sha256(&[new])).unsigned(new.len() as u64);
    let length = writer.finish().unwrap();
    let mut patch = buffer[..length].to_vec();
    patch.push(4);
    patch.extend(number(new.len()));
    patch.push(0x44);
    let (mut bits, mut held) = (0u32, 0);
    for byte in stream {
        bits = bits << 9 | 0x100 | u32::from(byte);
        held += 9;
        while held >= 8 {
            held -= 8;
            patch.push((bits >> held) as u8);
        }
    }
    if held > 0 {
        patch.push((bits << (8 - held)) as u8);
    }
    patch
}

/// A number as patches have them.
fn number(value: usize) -> Vec<u8> {
    let mut bytes = vec![(value & 0x3f) as u8];
    let mut rest = value >> 6;
    while rest > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes
}
