//! The remainder is the one that the compiler computes on this machine, to the bit.

use petiole_memory::remainder::remainder;

const SPECIAL: [u64; 14] = [
    0,
    1,
    2,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x3fe0_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0x4000_0000_0000_0000,
    0x4340_0000_0000_0001,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0x7ff8_0000_0000_0000,
];

fn check(x: f64, y: f64) {
    let (ours, theirs) = (remainder(x, y), x % y);
    assert!(
        ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(),
        "{x:e} % {y:e}: {ours:e}, not {theirs:e}"
    );
}

#[test]
fn special_numbers() {
    for x in SPECIAL {
        for y in SPECIAL {
            for (sign_x, sign_y) in [(0, 0), (1 << 63, 0), (0, 1 << 63), (1 << 63, 1 << 63)] {
                check(f64::from_bits(x | sign_x), f64::from_bits(y | sign_y));
            }
        }
    }
}

#[test]
fn random_numbers() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let (x, y) = (next(), next());
        check(f64::from_bits(x), f64::from_bits(y));
        let exponent = (((y >> 52) & 0x7ff) + next() % 60) % 0x7ff;
        let near = (x & !(0x7ff << 52)) | (exponent << 52);
        check(f64::from_bits(near), f64::from_bits(y));
        check(f64::from_bits(x), 2.0);
        let (x, y) = (f32::from_bits(x as u32), f32::from_bits(y as u32));
        let (ours, theirs) = (remainder(x.into(), y.into()) as f32, x % y);
        assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan());
    }
}
